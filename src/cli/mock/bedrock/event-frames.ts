import { crc32 } from "node:zlib";

const STRING = 7;

/** One message of AWS's binary event stream: lengths, headers, payload, and a checksum of each part. */
export function eventFrame(headers: Readonly<Record<string, string>>, payload: unknown): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(headerBytes));
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + head.length + body.length, 0);
  prelude.writeUInt32BE(head.length, 4);
  const message = Buffer.concat([prelude, uint32(crc32(prelude)), head, body]);
  return Buffer.concat([message, uint32(crc32(message))]);
}

/** An event of that type. */
export function event(type: string, payload: unknown): Buffer {
  return eventFrame(
    { ":event-type": type, ":content-type": "application/json", ":message-type": "event" },
    payload,
  );
}

/** A failure inside a stream that began well. */
export function exception(type: string, message: string): Buffer {
  return eventFrame(
    { ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" },
    { message },
  );
}

/** The frame with one bit of its payload turned: its checksum is wrong. */
export function damaged(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  const at = copy.length - 6;
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

function headerBytes([name, value]: [string, string]): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([
    Buffer.from([name.length]),
    Buffer.from(name),
    Buffer.from([STRING]),
    length,
    Buffer.from(value),
  ]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
