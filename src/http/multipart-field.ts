/**
 * One small text field of a `multipart/form-data` body, found and replaced without touching the rest:
 * files of many megabytes go on byte for byte. After RFC 7578.
 */
export interface FieldPlace {
  readonly value: string;
  /** Where the value's bytes stand. */
  readonly start: number;
  readonly end: number;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const MAX_VALUE_BYTES = 64 * 1024;

/** Finds the first field of this name that is no file; undefined where there is none. */
export function findField(body: Buffer, contentType: string, name: string): FieldPlace | undefined {
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(contentType);
  const mark = boundary?.[1] ?? boundary?.[2];
  if (mark === undefined) return undefined;
  const delimiter = Buffer.from(`--${mark}`);
  for (let at = body.indexOf(delimiter); at !== -1;) {
    const headStart = at + delimiter.length;
    const headEnd = body.indexOf(HEAD_END, headStart);
    const next = body.indexOf(delimiter, headStart);
    if (headEnd === -1 || next === -1) return undefined;
    const head = body.toString("latin1", headStart, headEnd);
    const start = headEnd + HEAD_END.length;
    const end = next - 2; // the line end before a delimiter is the delimiter's
    if (isField(head, name) && start <= end && end - start <= MAX_VALUE_BYTES) {
      return { value: body.toString("utf8", start, end), start, end };
    }
    at = next;
  }
  return undefined;
}

function isField(head: string, name: string): boolean {
  const disposition = /^content-disposition:\s*form-data;(.*)$/im.exec(head)?.[1] ?? "";
  return (
    !/\bfilename\*?=/i.test(disposition) &&
    new RegExp(`\\bname="?${name}"?(?:;|\\s|$)`).test(disposition)
  );
}

/** The body with another value in that place. */
export function withField(body: Buffer, { start, end }: FieldPlace, value: string): Buffer {
  return Buffer.concat([body.subarray(0, start), Buffer.from(value), body.subarray(end)]);
}
