import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { WeirError } from "../../core/errors.ts";
import { writeAtTurnEnd } from "../../core/turn-writes.ts";
import { type AnswerHeaders, type Inbound, joined, tooLarge } from "./exchange.ts";
import type { Head } from "./head.ts";

export const KEEP_ALIVE_SECONDS = 65;

/** What an exchange asks of the connection that it came on. */
export interface Carrier {
  readonly socket: Socket;
  /** The answer was written; `keepOpen` says whether another request may follow. */
  ended(keepOpen: boolean): void;
  /** Bytes beyond the body: the start of the next request. */
  keep(rest: Buffer): void;
  /** The body has not come whole yet: `push` and `timedOut` follow. */
  awaitBody(): void;
  bodyComplete(): void;
  /** The client does not take what was written. */
  stalled(): void;
}

/** One request read from a bare socket by `head.ts`, and its answer written straight to it. */
export class SocketExchange implements Inbound {
  readonly method = "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly httpVersion = "1.1";
  hasBegun = false;
  isOver = false;
  status = 0;
  bytesOut = 0;
  private readonly carrier: Carrier;
  private readonly head: Head;
  private chunks: Buffer[];
  private size: number;
  private hasRead = false;
  private mustClose = false;
  /** The head of a streamed answer, until it goes out with the first write. */
  private unsent = "";
  private done: ((body: Buffer) => void) | undefined;
  private failed: ((error: WeirError) => void) | undefined;
  private drainListener: (() => void) | undefined;
  private leaveListener: (() => void) | undefined;
  private overListener: (() => void) | undefined;

  /** `rest` is what came after the head; it may hold a part of the body or more than it. */
  constructor(carrier: Carrier, head: Head, rest: Buffer) {
    this.path = head.path;
    this.headers = head.headers;
    this.carrier = carrier;
    this.head = head;
    this.chunks = [rest];
    this.size = rest.length;
  }

  get address(): string | undefined {
    return this.carrier.socket.remoteAddress;
  }

  get announcedBytes(): number {
    return this.head.bodyBytes;
  }

  get bytesIn(): number {
    return Math.min(this.size, this.head.bodyBytes);
  }

  get isFull(): boolean {
    return this.carrier.socket.writableNeedDrain;
  }

  readBody(
    maxBytes: number,
    done: (body: Buffer) => void,
    failed: (error: WeirError) => void,
  ): void {
    if (this.head.bodyBytes > maxBytes) {
      failed(tooLarge(maxBytes));
    } else if (this.size >= this.head.bodyBytes) {
      done(this.takeBody());
    } else {
      this.done = done;
      this.failed = failed;
      this.carrier.awaitBody();
    }
  }

  /** More of the body. */
  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size < this.head.bodyBytes) return;
    this.carrier.bodyComplete();
    this.done?.(this.takeBody());
  }

  /** The body did not come in time. */
  timedOut(error: WeirError): void {
    this.failed?.(error);
  }

  /** The client reads again. */
  drained(): void {
    this.drainListener?.();
  }

  /** The client is gone, or will take nothing more. */
  left(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.leaveListener?.();
    this.overListener?.();
  }

  respond(status: number, headers: AnswerHeaders, body: string): void {
    if (this.isOver) return;
    const bytes = Buffer.byteLength(body);
    const keepOpen = this.keepsOpen();
    this.status = status;
    this.bytesOut += bytes;
    const head = `${formatHead(status, headers, keepOpen)}Content-Length: ${bytes}\r\n\r\n`;
    this.send(head + body, bytes === body.length);
    this.finish(keepOpen);
  }

  begin(headers: AnswerHeaders): void {
    if (this.isOver) return;
    this.hasBegun = true;
    this.status = 200;
    this.unsent = `${formatHead(200, headers, this.keepsOpen())}Transfer-Encoding: chunked\r\n\r\n`;
  }

  write(text: string): boolean {
    if (this.isOver || text === "") return true;
    return this.sendChunk(text, "");
  }

  end(text: string): void {
    if (this.isOver) return;
    this.sendChunk(text, "0\r\n\r\n");
    this.finish(this.keepsOpen());
  }

  onDrain(listener: () => void): void {
    this.drainListener = listener;
  }

  onLeave(listener: () => void): void {
    this.leaveListener = listener;
  }

  onOver(listener: () => void): void {
    this.overListener = listener;
  }

  closeAfter(): void {
    this.mustClose = true;
  }

  private takeBody(): Buffer {
    const bytes = joined(this.chunks);
    this.chunks = [];
    this.hasRead = true;
    if (bytes.length === this.head.bodyBytes) return bytes;
    this.carrier.keep(bytes.subarray(this.head.bodyBytes));
    return bytes.subarray(0, this.head.bodyBytes);
  }

  /** An unread body that is still on its way would be taken for the next request: then never. */
  private keepsOpen(): boolean {
    if (this.mustClose || !this.head.keepsAlive) return false;
    return this.hasRead || this.size >= this.head.bodyBytes;
  }

  private finish(keepOpen: boolean): void {
    this.isOver = true;
    if (keepOpen && !this.hasRead) this.takeBody();
    this.overListener?.();
    this.carrier.ended(keepOpen);
  }

  /** One write a batch: the head if it is still to go, the chunk, and what ends the answer. */
  private sendChunk(text: string, tail: string): boolean {
    const bytes = Buffer.byteLength(text);
    const chunk = bytes === 0 ? "" : `${bytes.toString(16)}\r\n${text}\r\n`;
    const head = this.unsent;
    this.unsent = "";
    this.bytesOut += bytes;
    return this.send(head + chunk + tail, bytes === text.length);
  }

  /** What is ASCII throughout needs no encoding. */
  private send(text: string, isAscii: boolean): boolean {
    const flows = writeAtTurnEnd(this.carrier.socket, text, isAscii ? "latin1" : "utf8");
    if (!flows) this.carrier.stalled();
    return flows;
  }
}

let dateSecond = 0;
let dateText = "";

/** The current time as HTTP writes it, made once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

/** The status line and all headers but the one that says how long the answer is. */
function formatHead(status: number, headers: AnswerHeaders, keepOpen: boolean): string {
  let text = status === 200 ? OK_LINE : `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`;
  for (const name in headers) text += beforeValue(name) + (headers[name] ?? "");
  const connection = keepOpen
    ? `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_SECONDS}`
    : "Connection: close";
  return `${text}\r\nDate: ${httpDate()}\r\n${connection}\r\n`;
}

/** Without its line's end: each header brings its own. */
const OK_LINE = "HTTP/1.1 200 OK";
const lineStarts = new Map<string, string>();
const MOST_LINE_STARTS = 1000;

/** The end of the line before, and a header's name: joined once, since most answers have the same. */
function beforeValue(name: string): string {
  let start = lineStarts.get(name);
  if (start === undefined) {
    start = `\r\n${name}: `;
    if (lineStarts.size < MOST_LINE_STARTS) lineStarts.set(name, start);
  }
  return start;
}
