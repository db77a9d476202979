/**
 * LangSmith's dotted order in a third of its length: each segment is a time to the microsecond and an
 * id, which are 8 and 16 bytes. What has another form is kept as it came.
 */
import { bytesToUuid, uuidToBytes } from "./schema.ts";

const SEGMENT =
  /^(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3])([0-5]\d)([0-5]\d)(\d{6})Z([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/;
const BYTES = 24;
const SEPARATOR = ".";

/** What came last before a run's own segment: siblings come together. */
let lastPrefix = { order: "", packed: Buffer.alloc(0) };

export function packDotted(order: string | null): Uint8Array | string | null {
  if (order === null) return null;
  const end = order.lastIndexOf(SEPARATOR);
  const own = packSegment(order.slice(end + 1));
  if (own === undefined) return order;
  if (end === -1) return own;
  const prefix = order.slice(0, end);
  if (lastPrefix.order !== prefix) {
    const packed = packDotted(prefix);
    if (packed === null || typeof packed === "string") return order;
    lastPrefix = { order: prefix, packed: Buffer.from(packed) };
  }
  return Buffer.concat([lastPrefix.packed, own]);
}

/** Undefined for what has another form, or is no day of any calendar. */
function packSegment(segment: string): Buffer | undefined {
  const match = SEGMENT.exec(segment);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, micros, id = ""] = match.map(String);
  const date = new Date(
    Date.UTC(
      Number(year),
      Number(month) - 1,
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    ),
  );
  if (date.getUTCDate() !== Number(day)) return undefined;
  const packed = Buffer.allocUnsafe(BYTES);
  packed.writeDoubleBE(date.getTime() * 1000 + Number(micros), 0);
  packed.set(uuidToBytes(id), 8);
  return packed;
}

export function unpackDotted(kept: Uint8Array | string | null): string | null {
  if (kept === null || typeof kept === "string") return kept;
  const view = new DataView(kept.buffer, kept.byteOffset, kept.length);
  const segments: string[] = [];
  for (let at = 0; at < kept.length; at += BYTES) {
    segments.push(timeOf(view.getFloat64(at)) + bytesToUuid(kept.subarray(at + 8, at + BYTES)));
  }
  return segments.join(".");
}

function timeOf(micros: number): string {
  const ms = Math.floor(micros / 1000);
  const time = new Date(ms).toISOString().replaceAll(/[-:]/g, "");
  // 20260101T000000.123Z: the point goes, the microseconds come.
  return `${time.slice(0, 15)}${time.slice(16, 19)}${String(micros - ms * 1000).padStart(3, "0")}Z`;
}
