import { WeirError } from "../../core/errors.ts";
import type { Pointer } from "./layout.ts";
import type { Llama } from "./library.ts";
import type { PromptPart } from "./messages.ts";

/** Text to tokens and back, as the model file says. */
export class Vocabulary {
  readonly pointer: Pointer;
  readonly size: number;
  readonly #llama: Llama;
  readonly #pieces = new Map<number, Uint8Array>();
  readonly #ends = new Map<number, boolean>();

  constructor(llama: Llama, model: Pointer) {
    this.#llama = llama;
    this.pointer = llama.modelVocabulary(model);
    this.size = llama.vocabularySize(this.pointer);
  }

  /** A prompt's tokens, with the model's own beginning token where it wants one. */
  tokenizePrompt(parts: readonly PromptPart[]): number[] {
    const tokens = parts.flatMap(({ text, plain }, index) =>
      this.tokenize(text, { addSpecial: index === 0, parseSpecial: !plain }),
    );
    // Many templates write the beginning token that the tokenizer adds as well.
    const begin = this.#llama.beginToken(this.pointer);
    return tokens[0] === begin && tokens[1] === begin ? tokens.slice(1) : tokens;
  }

  /** `parseSpecial`: the names of control tokens become those tokens. */
  tokenize(
    text: string,
    { addSpecial, parseSpecial }: { addSpecial: boolean; parseSpecial: boolean },
  ): number[] {
    const bytes = Buffer.from(text);
    let tokens = new Int32Array(bytes.length + 8);
    const run = (): number =>
      this.#llama.tokenize(
        this.pointer,
        bytes,
        bytes.length,
        tokens,
        tokens.length,
        addSpecial,
        parseSpecial,
      );
    let count = run();
    if (count < 0 && count > -(2 ** 31)) {
      tokens = new Int32Array(-count);
      count = run();
    }
    if (count < 0) throw new WeirError("invalid_request", "This text is too long to tokenize.");
    return Array.from(tokens.subarray(0, count));
  }

  /** The text of tokens, control tokens left out. */
  detokenize(tokens: readonly number[]): string {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const text = tokens.map((token) => decoder.decode(this.bytesOf(token), { stream: true }));
    return text.join("") + decoder.decode();
  }

  /** A token's bytes; empty for control tokens. Keep no more than you need: the array is shared. */
  bytesOf(token: number): Uint8Array {
    let piece = this.#pieces.get(token);
    if (!piece) {
      piece = this.#read(token);
      this.#pieces.set(token, piece);
    }
    return piece;
  }

  isEnd(token: number): boolean {
    let isEnd = this.#ends.get(token);
    if (isEnd === undefined) {
      isEnd = this.#llama.isEndOfGeneration(this.pointer, token);
      this.#ends.set(token, isEnd);
    }
    return isEnd;
  }

  /** Throws `invalid_request` for ids that the model does not have. */
  checkTokens(tokens: readonly number[], param: string): void {
    const wrong = tokens.find((id) => !Number.isInteger(id) || id < 0 || id >= this.size);
    if (wrong === undefined) return;
    const message = `Token ${wrong} does not exist: this model's tokens are 0 to ${this.size - 1}.`;
    throw new WeirError("invalid_request", message, { param });
  }

  #read(token: number): Uint8Array {
    let bytes = new Uint8Array(64);
    const run = (): number =>
      this.#llama.tokenToPiece(this.pointer, token, bytes, bytes.length, 0, false);
    let count = run();
    if (count < 0) {
      bytes = new Uint8Array(-count);
      count = run();
    }
    return bytes.slice(0, Math.max(0, count));
  }
}
