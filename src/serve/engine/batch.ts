import koffi from "koffi";
import type { Pointer } from "./layout.ts";

/** One token's place in a batch. */
export interface BatchToken {
  readonly token: number;
  readonly position: number;
  readonly sequence: number;
  readonly wantsOutput: boolean;
}

/**
 * The memory behind a `llama_batch`, laid out once and filled again for every step. The arrays
 * belong to this object: keep it alive as long as its `struct` may be used.
 */
export class Batch {
  readonly #tokens: Int32Array;
  readonly #positions: Int32Array;
  readonly #sequences: Int32Array;
  readonly #sequenceCounts: Int32Array;
  readonly #sequencePointers: BigUint64Array;
  readonly #outputs: Int8Array;
  readonly #addresses: Record<string, Pointer | null>;
  #length = 0;

  constructor(capacity: number) {
    this.#tokens = new Int32Array(capacity);
    this.#positions = new Int32Array(capacity);
    this.#sequences = new Int32Array(capacity);
    this.#sequenceCounts = new Int32Array(capacity).fill(1);
    this.#outputs = new Int8Array(capacity);
    const first = koffi.address(this.#sequences);
    this.#sequencePointers = BigUint64Array.from(
      { length: capacity },
      (_, index) => first + BigInt(index * Int32Array.BYTES_PER_ELEMENT),
    );
    this.#addresses = {
      token: koffi.address(this.#tokens),
      embd: null,
      pos: koffi.address(this.#positions),
      n_seq_id: koffi.address(this.#sequenceCounts),
      seq_id: koffi.address(this.#sequencePointers),
      logits: koffi.address(this.#outputs),
    };
  }

  clear(): void {
    this.#length = 0;
  }

  add({ token, position, sequence, wantsOutput }: BatchToken): void {
    const at = this.#length++;
    if (at >= this.#tokens.length) throw new RangeError("the batch is full");
    this.#tokens[at] = token;
    this.#positions[at] = position;
    this.#sequences[at] = sequence;
    this.#outputs[at] = wantsOutput ? 1 : 0;
  }

  get length(): number {
    return this.#length;
  }

  /** The C struct, by value. */
  get struct(): Record<string, unknown> {
    return { n_tokens: this.#length, ...this.#addresses };
  }
}
