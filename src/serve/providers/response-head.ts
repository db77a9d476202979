import type { ResponseHead } from "./transport.ts";

/** The upstream's bytes are not an HTTP/1.1 answer that this reader accepts. */
export class MalformedResponse extends Error {
  override readonly name = "MalformedResponse";

  constructor(what: string) {
    super(`sent a malformed HTTP answer: ${what}`);
  }
}

/** What the head of an answer says, and how its body is cut from the connection. */
export interface Framing {
  head: ResponseHead;
  isChunked: boolean;
  /** Undefined: up to the end of the connection, unless chunked. */
  length: number | undefined;
  keepsAlive: boolean;
  keepAliveMs: number | undefined;
}

/** The framing of no answer: nothing may follow on its connection. */
export const CLOSING: Framing = {
  head: { status: 0, contentType: "", retryAfter: undefined },
  isChunked: false,
  length: undefined,
  keepsAlive: false,
  keepAliveMs: undefined,
};

/** Something that is not HTTP at all is refused at its first bytes, not after a timeout. */
export function checkStart(held: string): void {
  const start = "HTTP/1.";
  if (!held.startsWith(start.slice(0, held.length)))
    throw new MalformedResponse("it is not HTTP/1");
}

/** Most bytes of a body or a chunk: beyond it, arithmetic would not be exact for long. */
export const MAX_LENGTH = 2 ** 50;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/;
const BAD_CHARACTER = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

interface Fields {
  contentType: string;
  retryAfter: string | undefined;
  errorType: string | undefined;
  connection: string;
  keepAlive: string;
  transferEncoding: string | undefined;
  contentLength: string | undefined;
}

/** Reads a head without its empty line. Throws MalformedResponse wherever two readings are possible. */
export function parseHead(text: string): Framing {
  if (BAD_CHARACTER.test(text)) throw new MalformedResponse("a control character in its head");
  const lineEnd = text.indexOf("\r\n");
  const line = STATUS_LINE.exec(lineEnd === -1 ? text : text.slice(0, lineEnd));
  if (!line) throw new MalformedResponse("its status line");
  const status = Number(line[2]);
  if (status === 101) throw new MalformedResponse("it switches protocols unasked");
  const fields = parseFields(text, lineEnd);
  const { transferEncoding, contentLength } = fields;
  const isOld = line[1] === "0";
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) throw new MalformedResponse("it has two lengths");
    if (isOld || transferEncoding.toLowerCase() !== "chunked") {
      throw new MalformedResponse("its transfer encoding");
    }
  }
  const isEmpty = status === 204 || status === 304;
  const isChunked = transferEncoding !== undefined && !isEmpty;
  const length = isEmpty ? 0 : toLength(contentLength);
  const { contentType, retryAfter, errorType } = fields;
  return {
    head: { status, contentType, retryAfter, ...(errorType !== undefined && { errorType }) },
    isChunked,
    length,
    keepsAlive: (isChunked || length !== undefined) && keepsAlive(fields.connection, isOld),
    keepAliveMs: toKeepAliveMs(fields.keepAlive),
  };
}

function parseFields(text: string, firstEnd: number): Fields {
  const fields: Fields = {
    contentType: "",
    retryAfter: undefined,
    errorType: undefined,
    connection: "",
    keepAlive: "",
    transferEncoding: undefined,
    contentLength: undefined,
  };
  for (let end = firstEnd; end !== -1;) {
    const start = end + 2;
    end = text.indexOf("\r\n", start);
    const colon = text.indexOf(":", start);
    const stop = end === -1 ? text.length : end;
    if (colon === -1 || colon > stop) throw new MalformedResponse("a header without a name");
    const name = text.slice(start, colon);
    if (!TOKEN.test(name)) throw new MalformedResponse("a header's name");
    setField(fields, name.toLowerCase(), trimmed(text, colon + 1, stop));
  }
  return fields;
}

/** Without blanks and tabs around it; `trim` would take more than HTTP calls white space. */
function trimmed(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function setField(fields: Fields, name: string, value: string): void {
  switch (name) {
    case "content-type":
      fields.contentType = value;
      return;
    case "retry-after":
      fields.retryAfter = value;
      return;
    case "x-amzn-errortype":
      fields.errorType = value;
      return;
    case "connection":
      fields.connection = fields.connection === "" ? value : `${fields.connection},${value}`;
      return;
    case "keep-alive":
      fields.keepAlive = value;
      return;
    case "transfer-encoding":
      if (fields.transferEncoding !== undefined) throw new MalformedResponse("two encodings");
      fields.transferEncoding = value;
      return;
    case "content-length":
      if (fields.contentLength !== undefined) throw new MalformedResponse("it has two lengths");
      fields.contentLength = value;
      return;
    default:
  }
}

function toLength(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const length = Number(text);
  if (!/^\d{1,16}$/.test(text) || length > MAX_LENGTH) throw new MalformedResponse("its length");
  return length;
}

function keepsAlive(connection: string, isOld: boolean): boolean {
  if (connection === "") return !isOld;
  if (connection === "keep-alive") return true;
  const words = new Set(connection.toLowerCase().split(/[\t ]*,[\t ]*/));
  return !words.has("close") && (!isOld || words.has("keep-alive"));
}

function toKeepAliveMs(text: string): number | undefined {
  if (text === "") return undefined;
  const seconds = /\btimeout=(\d{1,9})\b/i.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
