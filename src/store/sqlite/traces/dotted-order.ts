/**
 * LangSmith's dotted order in a third of its length: each segment is a time to the microsecond and an
 * id, which are 8 and 16 bytes. What has another form is kept as it came.
 */
import { bytesToUuid, uuidToBytes } from "./schema.ts";

const SEGMENT =
  /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{6})Z([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/;
const BYTES = 24;

export function packDotted(order: string | null): Uint8Array | string | null {
  if (order === null) return null;
  const segments = order.split(".");
  const packed = Buffer.allocUnsafe(segments.length * BYTES);
  for (const [index, segment] of segments.entries()) {
    const match = SEGMENT.exec(segment);
    if (!match) return order;
    const [, year, month, day, hour, minute, second, micros, id = ""] = match;
    const ms = Date.UTC(
      Number(year),
      Number(month) - 1,
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    );
    packed.writeDoubleBE(ms * 1000 + Number(micros), index * BYTES);
    packed.set(uuidToBytes(id), index * BYTES + 8);
  }
  return unpackDotted(packed) === order ? packed : order;
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
