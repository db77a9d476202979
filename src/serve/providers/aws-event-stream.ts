import { crc32 } from "node:zlib";
import { WeirError } from "../../core/errors.ts";

/** AWS's binary framing of a stream: lengths, headers, payload, and two checksums a message. */

/** One message. Headers that are no text are left out: nothing of ours reads them. */
export interface AwsMessage {
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Buffer;
}

export interface AwsEventParser {
  /** Takes any slice of the stream, cut anywhere. Throws provider_failed for bytes that are damaged. */
  push(chunk: Buffer): void;
  /** Whether bytes of an unfinished message are held: a stream that ends so was cut off. */
  readonly pending: boolean;
}

const PRELUDE = 12;
const CHECKSUM = 4;

/** Cuts a stream into messages. Throws RangeError when one announces more than `maxBytes`. */
export function createAwsEventParser(
  onMessage: (message: AwsMessage) => void,
  maxBytes = 16 * 1024 * 1024,
): AwsEventParser {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = PRELUDE;

  /** The bytes of the message at `at`, or how many must come before it can be read. */
  function messageAt(bytes: Buffer, at: number): Buffer | number {
    if (bytes.length - at < PRELUDE) return PRELUDE;
    const size = bytes.readUInt32BE(at);
    const prelude = bytes.subarray(at, at + PRELUDE - CHECKSUM);
    if (crc32(prelude) !== bytes.readUInt32BE(at + PRELUDE - CHECKSUM)) throw damaged();
    if (size > maxBytes) throw new RangeError("a message of the stream grew beyond its limit");
    if (size < PRELUDE + CHECKSUM) throw damaged();
    return bytes.length - at < size ? size : bytes.subarray(at, at + size);
  }

  return {
    push(chunk) {
      chunks.push(chunk);
      held += chunk.length;
      // Joined only when there is something to read: a long message costs no copy a slice.
      if (held < wanted) return;
      const bytes = Buffer.concat(chunks);
      let at = 0;
      let next = messageAt(bytes, at);
      while (typeof next !== "number") {
        at += next.length;
        onMessage(readMessage(next));
        next = messageAt(bytes, at);
      }
      chunks = [bytes.subarray(at)];
      held = bytes.length - at;
      wanted = next;
    },
    get pending() {
      return held > 0;
    },
  };
}

function readMessage(bytes: Buffer): AwsMessage {
  const end = bytes.length - CHECKSUM;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw damaged();
  const headersEnd = PRELUDE + bytes.readUInt32BE(4);
  if (headersEnd > end) throw damaged();
  return {
    headers: readHeaders(bytes.subarray(PRELUDE, headersEnd)),
    payload: bytes.subarray(headersEnd, end),
  };
}

/** How many bytes a value of each type takes; those of types 6 and 7 say it themselves. */
const SIZES: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16];
const TEXT = 7;

function readHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  try {
    for (let at = 0; at < bytes.length;) {
      const nameEnd = at + 1 + bytes.readUInt8(at);
      const name = bytes.toString("utf8", at + 1, nameEnd);
      const type = bytes.readUInt8(nameEnd);
      if (type >= SIZES.length) throw damaged();
      const fixed = SIZES[type];
      const from = nameEnd + (fixed === undefined ? 3 : 1);
      const to = from + (fixed ?? bytes.readUInt16BE(nameEnd + 1));
      if (to > bytes.length) throw damaged();
      if (type === TEXT) headers.set(name, bytes.toString("utf8", from, to));
      at = to;
    }
  } catch (cause) {
    throw cause instanceof WeirError ? cause : damaged(cause);
  }
  return headers;
}

function damaged(cause?: unknown): WeirError {
  return new WeirError("provider_failed", "The upstream's stream is damaged.", { cause });
}

/** A message as a dialect reads it: an exception's name has `exception:` before it. */
export function toNamedMessage({ headers, payload }: AwsMessage): { data: string; name: string } {
  const data = payload.toString("utf8");
  switch (headers.get(":message-type")) {
    case "exception":
      return { data, name: `exception:${headers.get(":exception-type") ?? ""}` };
    case "error": {
      // Has no payload: its words stand in a header.
      const message = headers.get(":error-message") ?? "";
      return {
        data: JSON.stringify({ message }),
        name: `exception:${headers.get(":error-code") ?? ""}`,
      };
    }
    default:
      return { data, name: headers.get(":event-type") ?? "" };
  }
}
