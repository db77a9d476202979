const START_BYTES = 64 * 1024;
/** One that has grown beyond it is not used again. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/**
 * Lines that wait to be kept, in memory outside of the heap. As texts they would outlive two of the
 * collector's rounds and be copied by each, which was a tenth of a relayed call's CPU time.
 */
export class LineBatch {
  count = 0;
  private memory = Buffer.allocUnsafeSlow(START_BYTES);
  private length = 0;

  add(line: string): void {
    // In UTF-8 no character of a text takes more than three bytes.
    const isSureToFit = this.length + line.length * 3 < this.memory.length;
    if (!isSureToFit) this.makeRoom(Buffer.byteLength(line) + 1);
    this.length += this.memory.write(line, this.length);
    this.memory[this.length] = 0x0a;
    this.length += 1;
    this.count += 1;
  }

  /** What was added, until the next `clear`. */
  get bytes(): Uint8Array {
    return this.memory.subarray(0, this.length);
  }

  clear(): void {
    this.count = 0;
    this.length = 0;
    if (this.memory.length > MOST_KEPT_BYTES) this.memory = Buffer.allocUnsafeSlow(START_BYTES);
  }

  private makeRoom(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.memory.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.memory.length * 2));
    this.memory.copy(larger, 0, 0, this.length);
    this.memory = larger;
  }
}
