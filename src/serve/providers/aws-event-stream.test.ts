import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createAwsEventParser, toNamedMessage } from "./aws-event-stream.ts";

/** A message with headers of six types, as AWS's own client writes it. */
const KNOWN = Buffer.from(
  "0000006f0000004c012a324e0b3a6576656e742d7479706507000b6d65737361676553746f700d3a6d6573736167652d747970650700056576656e74016e0400000005017408000000e8d4a51000017900016206000201027b2273746f70526561736f6e223a22c3a9227d90a63bcc",
  "hex",
);

function message(headers: Readonly<Record<string, string>>, payload: string): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const size = Buffer.alloc(3);
      size.writeUInt8(7);
      size.writeUInt16BE(Buffer.byteLength(value), 1);
      return Buffer.concat([
        Buffer.from([name.length]),
        Buffer.from(name),
        size,
        Buffer.from(value),
      ]);
    }),
  );
  const body = Buffer.from(payload);
  const bytes = Buffer.alloc(16 + head.length + body.length);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(head.length, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  head.copy(bytes, 12);
  body.copy(bytes, 12 + head.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

function read(slices: readonly Buffer[]) {
  const messages: { data: string; name: string }[] = [];
  const parser = createAwsEventParser((message) => messages.push(toNamedMessage(message)));
  for (const slice of slices) parser.push(slice);
  return { messages, pending: parser.pending };
}

const event = (name: string, payload: string) =>
  message(
    { ":message-type": "event", ":event-type": name, ":content-type": "application/json" },
    payload,
  );
const STREAM = Buffer.concat([event("messageStart", "{}"), KNOWN, event("metadata", '{"a":"é"}')]);
const MESSAGES = [
  { name: "messageStart", data: "{}" },
  { name: "messageStop", data: '{"stopReason":"é"}' },
  { name: "metadata", data: '{"a":"é"}' },
];

describe("AWS's event stream", () => {
  it("is read wherever it is cut", () => {
    for (let at = 0; at <= STREAM.length; at += 1) {
      const result = read([STREAM.subarray(0, at), STREAM.subarray(at)]);
      expect(result).toEqual({ messages: MESSAGES, pending: false });
    }
  });

  it("is read byte by byte", () => {
    expect(read([...STREAM].map((byte) => Buffer.from([byte]))).messages).toEqual(MESSAGES);
  });

  it("shows when it was cut off", () => {
    const { messages, pending } = read([STREAM.subarray(0, -1)]);
    expect(messages).toHaveLength(2);
    expect(pending).toBe(true);
  });

  it("is refused when a single byte is wrong", () => {
    for (let at = 0; at < KNOWN.length; at += 1) {
      const bytes = Buffer.from(KNOWN);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      expect(() => read([bytes])).toThrow(expect.objectContaining({ code: "provider_failed" }));
    }
  });

  it("is refused when a message announces too much", () => {
    const prelude = Buffer.alloc(12);
    prelude.writeUInt32BE(17 * 1024 * 1024);
    prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
    expect(() => read([prelude])).toThrow(RangeError);
  });

  it("is refused when its headers reach beyond themselves", () => {
    const bytes = message({ a: "b" }, "{}");
    bytes.writeUInt8(200, 12);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
    expect(() => read([bytes])).toThrow("damaged");
  });

  it("names exceptions and errors", () => {
    const exception = message(
      { ":message-type": "exception", ":exception-type": "throttlingException" },
      '{"message":"slow"}',
    );
    const error = message(
      { ":message-type": "error", ":error-code": "Broken", ":error-message": "bad" },
      "",
    );
    expect(read([exception, error]).messages).toEqual([
      { name: "exception:throttlingException", data: '{"message":"slow"}' },
      { name: "exception:Broken", data: '{"message":"bad"}' },
    ]);
  });
});
