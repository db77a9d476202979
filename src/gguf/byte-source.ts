const CHUNK_BYTES = 1024 * 1024;

/** Fills a part of `into` from `position` of a file on; gives how many bytes came, 0 at its end. */
export type ReadBytes = (
  into: Uint8Array,
  part: { readonly offset: number; readonly length: number; readonly position: number },
) => Promise<number>;

/** Thrown when a file ends before a value does. */
export class EndOfFile extends Error {
  override readonly name = "EndOfFile";
}

export type ByteSource = ReturnType<typeof createByteSource>;

/**
 * Reads a file from front to back. `need` brings bytes into memory and may wait for the disk; the
 * other methods take them from memory and never wait, so that a long list costs no promise a value.
 */
export function createByteSource(read: ReadBytes, size: number) {
  let buffer = Buffer.alloc(0);
  let at = 0;
  let readFrom = 0;

  function take(bytes: number): number {
    at += bytes;
    return at - bytes;
  }

  return {
    /** Bytes of the file that were not taken yet, in memory or not. */
    get left(): number {
      return size - readFrom + (buffer.length - at);
    },
    /** Where in the file the next value begins. */
    get position(): number {
      return readFrom - (buffer.length - at);
    },
    /** Bytes that can be taken without waiting. */
    get ready(): number {
      return buffer.length - at;
    },
    /** Makes at least `bytes` ready; throws EndOfFile when the file has fewer. */
    async need(bytes: number): Promise<void> {
      if (buffer.length - at >= bytes) return;
      if (bytes > this.left) throw new EndOfFile();
      const rest = buffer.length - at;
      const next = Buffer.allocUnsafe(Math.min(Math.max(bytes, CHUNK_BYTES), this.left));
      buffer.copy(next, 0, at);
      let filled = rest;
      while (filled < next.length) {
        const part = { offset: filled, length: next.length - filled, position: readFrom };
        const bytes = await read(next, part);
        if (bytes === 0) throw new EndOfFile();
        filled += bytes;
        readFrom += bytes;
      }
      buffer = next;
      at = 0;
    },
    uint8: () => buffer.readUInt8(take(1)),
    int8: () => buffer.readInt8(take(1)),
    uint16: () => buffer.readUInt16LE(take(2)),
    int16: () => buffer.readInt16LE(take(2)),
    uint32: () => buffer.readUInt32LE(take(4)),
    int32: () => buffer.readInt32LE(take(4)),
    float32: () => buffer.readFloatLE(take(4)),
    float64: () => buffer.readDoubleLE(take(8)),
    uint64: () => toNumber(buffer.readBigUInt64LE(take(8))),
    int64: () => toNumber(buffer.readBigInt64LE(take(8))),
    text: (bytes: number) => buffer.toString("utf8", take(bytes), at),
  };
}

function toNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
