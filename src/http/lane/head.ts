/** The head of a plain inference request, and nothing else: whatever is unusual is not read here. */
export interface Head {
  readonly path: string;
  /** Names in lower case; each occurs once. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
  /** Whether the client wants another answer on the same connection. */
  readonly keepsAlive: boolean;
  /** Where the body begins. */
  readonly endsAt: number;
}

const MAX_HEAD_BYTES = 8 * 1024;

const END = Buffer.from("\r\n\r\n");
const REQUEST_LINE = /^POST (\/[a-z0-9/]+) HTTP\/1\.1\r\n/;
/** A token, a colon, visible ASCII and spaces, CRLF: no folding, no control characters, no lone line end. */
const HEADER = /([!#$%&'*+.^_`|~0-9A-Za-z-]+):([ -~]*)\r\n/y;
/** As it stands after the colon: stricter than other values, since it says where the next request begins. */
const LENGTH = /^ ?(?:0|[1-9][0-9]{0,9})$/;
/** Each changes how a message is framed or answered. */
const REFUSED: ReadonlySet<string> = new Set([
  "transfer-encoding",
  "expect",
  "upgrade",
  "trailer",
  "te",
  "proxy-connection",
  "http2-settings",
]);

/**
 * Reads a complete head from the start of `bytes`; undefined when it is not complete, or is anything
 * but a plain POST to one of `paths` with exactly one Host and one Content-Length.
 */
export function readHead(bytes: Buffer, paths: ReadonlySet<string>): Head | undefined {
  const end = bytes.indexOf(END);
  if (end === -1 || end + END.length > MAX_HEAD_BYTES) return undefined;
  const text = bytes.toString("latin1", 0, end + 2);
  const line = REQUEST_LINE.exec(text);
  const path = line?.[1];
  if (!line || path === undefined || !paths.has(path)) return undefined;
  const headers = readHeaders(text, line[0].length);
  if (!headers?.["host"]) return undefined;
  const length = headers["content-length"];
  if (length === undefined) return undefined;
  const connection = headers["connection"]?.toLowerCase() ?? "keep-alive";
  if (connection !== "keep-alive" && connection !== "close") return undefined;
  return {
    path,
    headers,
    bodyBytes: Number(length),
    keepsAlive: connection === "keep-alive",
    endsAt: end + END.length,
  };
}

/** The headers from `start` to the end of `text`; undefined when one is unusual or comes twice. */
function readHeaders(text: string, start: number): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  HEADER.lastIndex = start;
  while (HEADER.lastIndex < text.length) {
    const found = HEADER.exec(text);
    if (!found) return undefined;
    const [, name = "", value = ""] = found;
    const key = name.toLowerCase();
    // Also true for the names that every object has, such as "__proto__".
    if (key in headers || REFUSED.has(key)) return undefined;
    if (key === "content-length" && !LENGTH.test(value)) return undefined;
    headers[key] = value.trim();
  }
  return headers;
}
