/** What a decoder made of a stretch of text. Offsets are into the text that it was given. */
export interface Decoded {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Undoes one way of hiding text. Pure, and linear in the text's length whatever stands in it. Gives
 * only what reads as text, so that hashes, tokens and code become nothing.
 */
export interface Decoder {
  /** How it is called in evidence. */
  readonly step: string;
  /** It is asked only about texts that show one of these signs (bits of `SIGN`). */
  readonly signs: number;
  decode(text: string): Decoded[];
}
