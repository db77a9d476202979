/** One value of a message, to be read as what its place says it is. Each throws RangeError where it is not. */
interface Field {
  readonly number: number;
  integer(): number;
  float(): number;
  bytes(): Uint8Array;
  text(): string;
}

const VARINT = 0;
const EIGHT_BYTES = 1;
const COUNTED = 2;
const FOUR_BYTES = 5;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Protocol buffers' form on the wire, as much of it as SentencePiece uses. */
export class ProtobufReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** In file order. Throws RangeError where the bytes are no message. */
  *fields(): Generator<Field> {
    while (this.#at < this.#view.byteLength) {
      const tag = this.#varint();
      yield toField(Math.floor(tag / 8), tag % 8, this.#value(tag % 8));
    }
  }

  #value(kind: number): Uint8Array | number {
    if (kind === VARINT) return this.#varint();
    if (kind === EIGHT_BYTES) return this.#take(8);
    if (kind === FOUR_BYTES) return this.#take(4);
    if (kind === COUNTED) return this.#take(this.#varint());
    throw new RangeError(`wire type ${kind}`);
  }

  #take(length: number): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.#view;
    if (length > byteLength - this.#at) throw new RangeError("cut off");
    this.#at += length;
    return new Uint8Array(buffer, byteOffset + this.#at - length, length);
  }

  #varint(): number {
    let value = 0;
    for (let place = 1; place < 2 ** 63; place *= 128) {
      const byte = this.#view.getUint8(this.#at++);
      value += (byte & 127) * place;
      if (byte < 128) return value;
    }
    throw new RangeError("number too long");
  }
}

function toField(number: number, kind: number, value: Uint8Array | number): Field {
  const bytes = (wanted: number): Uint8Array => {
    if (kind === wanted && typeof value !== "number") return value;
    throw new RangeError(`field ${number} has the wire type ${kind}`);
  };
  return {
    number,
    integer: () => {
      if (typeof value === "number") return value;
      throw new RangeError(`field ${number} is no number`);
    },
    float: () => {
      const four = bytes(FOUR_BYTES);
      return new DataView(four.buffer, four.byteOffset).getFloat32(0, true);
    },
    bytes: () => bytes(COUNTED),
    text: () => {
      try {
        return decoder.decode(bytes(COUNTED));
      } catch (cause) {
        throw new RangeError(`field ${number} is no text`, { cause });
      }
    },
  };
}
