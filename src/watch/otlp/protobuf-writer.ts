const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const FIRST_BYTES = 4096;
/** The longest length that a message within a message needs: 4 GiB. */
const LENGTH_BYTES = 5;

/** Writes one protobuf message into memory that grows. Values that are a field's default are left out by the caller. */
export class ProtobufWriter {
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);
  private at = 0;

  /** What was written; it stays as it is. */
  done(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }

  get length(): number {
    return this.at;
  }

  unsigned(field: number, value: number): void {
    this.tag(field, VARINT);
    this.varint(value);
  }

  /** An int64. */
  integer(field: number, value: number): void {
    this.tag(field, VARINT);
    if (value >= 0) this.varint(value);
    else this.bigVarint(BigInt.asUintN(64, BigInt(value)));
  }

  double(field: number, value: number): void {
    this.tag(field, FIXED64);
    this.room(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  fixed32(field: number, value: number): void {
    this.tag(field, FIXED32);
    this.room(4);
    this.at = this.bytes.writeUInt32LE(value, this.at);
  }

  fixed64(field: number, value: bigint): void {
    this.tag(field, FIXED64);
    this.room(8);
    this.at = this.bytes.writeBigUInt64LE(value, this.at);
  }

  /** Epoch milliseconds as nanoseconds. */
  nanos(field: number, ms: number): void {
    this.fixed64(field, BigInt(Math.round(ms * 1000)) * 1000n);
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.tag(field, BYTES);
    this.varint(length);
    this.room(length);
    this.at += this.bytes.write(value, this.at, length, "utf8");
  }

  /** Hex digits as the bytes that they are. */
  hex(field: number, digits: string): void {
    const length = digits.length / 2;
    this.tag(field, BYTES);
    this.varint(length);
    this.room(length);
    this.at += this.bytes.write(digits, this.at, length, "hex");
  }

  /** Several fixed64 or double values in one field. */
  packed(field: number, values: readonly number[], kind: "fixed64" | "double"): void {
    this.tag(field, BYTES);
    this.varint(values.length * 8);
    this.room(values.length * 8);
    for (const value of values) {
      this.at =
        kind === "double"
          ? this.bytes.writeDoubleLE(value, this.at)
          : this.bytes.writeBigUInt64LE(BigInt(value), this.at);
    }
  }

  /** A message within this one: its length is known, and put before it, when it is written. */
  message(field: number, write: () => void): void {
    this.tag(field, BYTES);
    const from = this.at;
    this.room(LENGTH_BYTES);
    this.at += LENGTH_BYTES;
    write();
    const [start, end] = [from + LENGTH_BYTES, this.at];
    this.at = from;
    this.varint(end - start);
    this.bytes.copyWithin(this.at, start, end);
    this.at += end - start;
  }

  private tag(field: number, wire: number): void {
    this.varint(field * 8 + wire);
  }

  private varint(value: number): void {
    this.room(10);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.at++] = rest;
  }

  private bigVarint(value: bigint): void {
    this.room(10);
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) this.bytes[this.at++] = Number(rest & 0x7fn) | 0x80;
    this.bytes[this.at++] = Number(rest);
  }

  private room(length: number): void {
    if (this.at + length <= this.bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + length));
    this.bytes.copy(wider, 0, 0, this.at);
    this.bytes = wider;
  }
}
