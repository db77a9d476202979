import type { IncomingHttpHeaders } from "node:http";

/** A JSON object of which nothing is known yet. */
export type Json = Readonly<Record<string, unknown>>;

/** One request as a double sees it; `body` is `{}` when it was not a JSON object. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Path and query as they were sent: signatures are computed over them. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Json;
  readonly raw: Buffer;
}

/** A piece of a stream; pauses, breaks and errors in the middle come after pieces with content. */
export interface Frame {
  readonly bytes: string | Buffer;
  readonly hasContent?: boolean;
}

/** What a vendor's stream looks like when it goes wrong. */
export interface StreamFormat {
  readonly contentType: string;
  /** The vendor's own error after the first content. */
  readonly error: string | Buffer;
  /** What no parser of this format accepts. */
  readonly malformed: string | Buffer;
}

/** An answer, whole (`body`: bytes or JSON) or in `frames`. */
export type Reply =
  | { readonly status: number; readonly headers?: Headers; readonly body: unknown }
  | { readonly format: StreamFormat; readonly headers?: Headers; readonly frames: Iterable<Frame> };

type Headers = Readonly<Record<string, string>>;

/** A whole JSON answer with status 200. */
export function ok(body: unknown, headers: Headers = {}): Reply {
  return { status: 200, headers, body };
}

/** One server-sent event; a string goes out as it is. */
export function sse(data: unknown, event?: string): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
}

/** The value as an object, or an empty one: requests are read leniently unless a vendor is strict. */
export function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

/** The value as a list of objects; anything else in it counts as an empty one. */
export function objectsOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

/** The value when it is a string that says something. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The value when it is a number. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The strings of a list, or the one string. */
export function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** Whether the text is base64 as vendors want it: not empty, and without a `data:` prefix. */
export function isBase64(value: unknown): value is string {
  return (
    typeof value === "string" && value.length > 3 && /^[A-Za-z0-9+/]+={0,2}$/.test(value.trim())
  );
}
