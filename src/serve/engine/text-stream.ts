/**
 * Turns the bytes of tokens into text that may be shown: characters are never cut, and nothing that
 * could be the beginning of a stop string leaves before it is known that it is not one.
 */
export class TextStream {
  readonly #stops: readonly string[];
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /** Adds a token's bytes. `stopped` means that a stop string is complete: nothing may follow. */
  push(bytes: Uint8Array): { text: string; stopped: boolean } {
    this.#held += this.#decoder.decode(bytes, { stream: true });
    const stop = this.#firstStop();
    if (stop !== -1) {
      const text = this.#held.slice(0, stop);
      this.#held = "";
      return { text, stopped: true };
    }
    const keep = heldBack(this.#held, this.#stops);
    const text = this.#held.slice(0, this.#held.length - keep);
    this.#held = this.#held.slice(this.#held.length - keep);
    return { text, stopped: false };
  }

  /** What is still held when the answer ends; a cut character becomes U+FFFD. */
  end(): string {
    const text = this.#held + this.#decoder.decode();
    this.#held = "";
    return text;
  }

  #firstStop(): number {
    let first = -1;
    for (const stop of this.#stops) {
      const at = this.#held.indexOf(stop);
      if (at !== -1 && (first === -1 || at < first)) first = at;
    }
    return first;
  }
}

/** The length of the longest end of `text` with which some stop string begins. */
export function heldBack(text: string, stops: readonly string[]): number {
  let most = 0;
  for (const stop of stops) {
    let length = Math.min(stop.length - 1, text.length);
    while (length > most && !text.endsWith(stop.slice(0, length))) length--;
    most = Math.max(most, length);
  }
  return most;
}
