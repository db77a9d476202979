/** A piece of an answer's text, with whatever belongs to it. */
export interface Piece {
  readonly text: string;
}

/**
 * Keeps an answer's stop text from going out: what could be its beginning is held until more is known.
 * Whole pieces are held, so that each keeps what belongs to it.
 */
export class StopHold<P extends Piece> {
  readonly #stops: readonly string[];
  #held: P[] = [];

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** The pieces that may go out now. */
  push(piece: P): P[] {
    this.#held.push(piece);
    const text = this.#text();
    let left = text.length - this.#suspect(text);
    const free = this.#held.findIndex(({ text }) => {
      left -= text.length;
      return left < 0;
    });
    return this.#held.splice(0, free === -1 ? this.#held.length : free);
  }

  /** What is left at the end. With `isStopped`, without the stop text, which is told. */
  end(isStopped: boolean): { readonly pieces: readonly P[]; readonly stopText?: string } {
    const text = this.#text();
    const pieces = this.#held.splice(0);
    const stopText = isStopped
      ? this.#stops.filter((stop) => text.endsWith(stop)).toSorted((a, b) => b.length - a.length)[0]
      : undefined;
    if (stopText === undefined) return { pieces };
    return { pieces: cut(pieces, text.length - stopText.length), stopText };
  }

  #text(): string {
    return this.#held.map(({ text }) => text).join("");
  }

  /** How many of the last characters could begin a stop text. */
  #suspect(text: string): number {
    let most = 0;
    for (const stop of this.#stops) {
      for (let size = Math.min(stop.length, text.length); size > most; size -= 1) {
        if (text.endsWith(stop.slice(0, size))) most = size;
      }
    }
    return most;
  }
}

function cut<P extends Piece>(pieces: readonly P[], length: number): P[] {
  let left = length;
  return pieces.flatMap((piece) => {
    const text = piece.text.slice(0, Math.max(0, left));
    left -= piece.text.length;
    return text === "" ? [] : [{ ...piece, text }];
  });
}
