import { isUtf8 } from "node:buffer";
import { SpanError } from "./span.ts";

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * Reads one protobuf message, field by field, where it lies: nothing is copied but texts. Throws
 * SpanError for bytes that are no protobuf.
 *
 *     for (let field = reader.next(); field !== 0; field = reader.next()) {
 *       if (field === 1) name = reader.text();
 *       else reader.skip();
 *     }
 */
export class ProtobufReader {
  private readonly bytes: Buffer;
  private at: number;
  private readonly end: number;
  private wire = 0;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** The next field's number; 0 at the end. Its value must be read, or skipped. */
  next(): number {
    if (this.at >= this.end) return 0;
    const tag = this.unsigned();
    this.wire = tag % 8;
    const field = Math.floor(tag / 8);
    if (field === 0) throw new SpanError("is not valid protobuf: a field has the number 0");
    return field;
  }

  skip(): void {
    if (this.wire === VARINT) this.unsigned();
    else if (this.wire === FIXED64) this.take(8);
    else if (this.wire === FIXED32) this.take(4);
    else this.block();
  }

  text(): string {
    const [from, to] = this.block();
    const text = this.bytes.toString("utf8", from, to);
    // Only what could not be read has this character, and what was sent with it.
    if (text.includes("\uFFFD") && !isUtf8(this.bytes.subarray(from, to))) {
      throw new SpanError("has a text that is not valid UTF-8");
    }
    return text;
  }

  hex(): string {
    const [from, to] = this.block();
    return this.bytes.toString("hex", from, to);
  }

  base64(): string {
    const [from, to] = this.block();
    return this.bytes.toString("base64", from, to);
  }

  message(): ProtobufReader {
    const [from, to] = this.block();
    return new ProtobufReader(this.bytes, from, to);
  }

  /** An enum, a bool, or a count. */
  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 10; length++) {
      const byte = this.bytes[this.take(1)] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new SpanError("is not valid protobuf: a number is too long");
  }

  /** An int64: exact up to 2⁵³. */
  integer(): number {
    const from = this.at;
    const value = this.unsigned();
    if (value < 2 ** 63) return value;
    // Negative ones are counted down from 2⁶⁴: floats of that size have lost their last digits.
    let exact = 0n;
    for (let at = this.at - 1; at >= from; at--) {
      exact = (exact << 7n) | BigInt((this.bytes[at] ?? 0) & 0x7f);
    }
    return Number(BigInt.asIntN(64, exact));
  }

  double(): number {
    return this.bytes.readDoubleLE(this.take(8));
  }

  /** Nanoseconds as milliseconds, to the microsecond. */
  millis(): number {
    const from = this.take(8);
    const low = this.bytes.readUInt32LE(from);
    const high = this.bytes.readUInt32LE(from + 4);
    // 2³² ns are 4,294,967 µs and 296 ns: whole numbers all the way, so nothing is rounded.
    return (high * 4_294_967 + Math.floor((high * 296 + low) / 1000)) / 1000;
  }

  private block(): [from: number, to: number] {
    if (this.wire !== BYTES) throw new SpanError("is not valid protobuf: a field has another type");
    const length = this.unsigned();
    const from = this.take(length);
    return [from, from + length];
  }

  private take(length: number): number {
    const from = this.at;
    this.at += length;
    if (this.at > this.end) throw new SpanError("is not valid protobuf: it ends within a field");
    return from;
  }
}
