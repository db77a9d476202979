import { randomBytes } from "node:crypto";

const BATCH = 16 * 256;
let pool = randomBytes(BATCH);
let offset = 0;

/** 16 random bytes as 32 hex digits: a W3C trace id. Random bytes are drawn in batches, for speed. */
export function newTraceId(): string {
  return take(16);
}

/** A prefixed id in the manner of OpenAI's (`chatcmpl-…`). */
export function newId(prefix: string): string {
  return prefix + take(12);
}

function take(bytes: number): string {
  if (offset + bytes > BATCH) {
    pool = randomBytes(BATCH);
    offset = 0;
  }
  const id = pool.toString("hex", offset, offset + bytes);
  offset += bytes;
  return id;
}
