import { WeirError } from "../../core/errors.ts";

/**
 * Parts of a `multipart/form-data` body, found by their boundary alone: what their headers say of
 * lengths is true for some SDKs and wrong for others. After RFC 7578.
 */
export interface BodyPart {
  readonly name: string;
  /** Where its headers stand, and its content after them: offsets of bytes. */
  readonly headStart: number;
  readonly headEnd: number;
  readonly start: number;
  readonly end: number;
}

export type Visit = (part: BodyPart) => void;

const HEAD_END = "\r\n\r\n";
/** Of one part; SDKs send some hundred bytes. */
const MAX_HEAD_BYTES = 16 * 1024;

/** Throws invalid_request for a content type without a boundary. */
export function boundaryOf(contentType: string): string {
  const found = /;\s*boundary=(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (/^\s*multipart\//i.test(contentType) && boundary !== undefined) return boundary;
  throw new WeirError(
    "invalid_request",
    'This body must be multipart/form-data, and its content type must name the boundary: "multipart/form-data; boundary=…".',
    { param: "content-type" },
  );
}

/**
 * Shows every whole part, in the order of the body, which is given as text with one character for each
 * byte: searching that is faster than searching bytes. Gives what is wrong with the frame, if anything
 * is: the parts before that have been shown.
 */
export function forEachPart(body: string, boundary: string, visit: Visit): string | undefined {
  const delimiter = `\r\n--${boundary}`;
  // The first one may stand at the very start, without a line end before it.
  let at = body.startsWith(delimiter.slice(2)) ? -2 : nextDelimiter(body, delimiter, 0);
  if (at === -1) return body === "" ? undefined : "does not begin with its boundary";
  for (;;) {
    const headStart = at + delimiter.length;
    if (body.startsWith("--", headStart)) return undefined;
    const headEnd = body.indexOf(HEAD_END, headStart);
    if (headEnd === -1) return "ends before its closing boundary";
    if (headEnd - headStart > MAX_HEAD_BYTES) return "has a part whose headers are too long";
    const start = headEnd + HEAD_END.length;
    const end = nextDelimiter(body, delimiter, start);
    if (end === -1) return "ends before its closing boundary";
    visit({ name: nameIn(body, headStart, headEnd), headStart, headEnd, start, end });
    at = end;
  }
}

/** A longer line that begins like the boundary is none. */
function nextDelimiter(body: string, delimiter: string, from: number): number {
  let at = body.indexOf(delimiter, from);
  while (at !== -1 && !endsLine(body, at + delimiter.length)) {
    at = body.indexOf(delimiter, at + 1);
  }
  return at;
}

function endsLine(body: string, at: number): boolean {
  if (body.startsWith("\r\n", at) || body.startsWith("--", at)) return true;
  return /^[ \t]*\r\n/.test(body.slice(at, at + 80));
}

/** The field's name, not the file's: both are called so. */
function nameIn(body: string, start: number, end: number): string {
  const quoted = body.indexOf(' name="', start) + 7;
  if (quoted !== 6 && quoted < end) {
    const name = body.slice(quoted, body.indexOf('"', quoted));
    return isPlain(name) ? name : unescaped(name);
  }
  const bare = /[;\s]name="?([^";\s]*)/i.exec(body.slice(start, end))?.[1] ?? "";
  return unescaped(bare);
}

/** Most names are some word and a UUID. */
function isPlain(name: string): boolean {
  return /^[\w.-]*$/.test(name);
}

/** Names are UTF-8, with quotes and line ends as browsers write them. */
function unescaped(name: string): string {
  const text = Buffer.from(name, "latin1").toString("utf8");
  return text.replaceAll("%22", '"').replaceAll("%0D", "\r").replaceAll("%0A", "\n");
}

/** The media type that a part's headers name, without its parameters. */
export function typeIn(head: string): string {
  return /^content-type:[ \t]*([^;\r\n]*)/im.exec(head)?.[1]?.trim() ?? "";
}
