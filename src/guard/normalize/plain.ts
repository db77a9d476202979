/**
 * A text as a person would read it: compatibility forms folded, invisible characters gone, lower
 * case, runs of white space as one space.
 */
export interface Plain {
  readonly text: string;
  /** Where the character at this index of `text` stood in the original. Walks it: for findings only. */
  at(index: number): number;
}

const INVISIBLE = /\p{Cf}|\p{Variation_Selector}|\u034F|\u115F|\u1160|\u3164|\uFFA0/gu;
const SPACES = /\s+/g;

/** The whole text is folded by the engine's own fast routines; a map back is built only when asked. */
export function toPlain(original: string): Plain {
  // Several detectors look at the same text in turn.
  if (latest?.original !== original) latest = { original, plain: makePlain(original) };
  return latest.plain;
}

let latest: { original: string; plain: Plain } | undefined;

function makePlain(original: string): Plain {
  return {
    text: fold(original).replace(SPACES, " "),
    at: (index) => originalIndex(original, index),
  };
}

const BEYOND_ASCII = /[^\t\n\r -~]/;

function fold(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text.toLowerCase();
  return text.normalize("NFKC").replace(INVISIBLE, "").toLowerCase();
}

function originalIndex(original: string, index: number): number {
  let length = 0;
  let endsInSpace = false;
  let at = 0;
  for (const char of original) {
    const folded = fold(char);
    for (const unit of folded) {
      const isSpace = unit.trim() === "";
      if (!(isSpace && endsInSpace)) length += unit.length;
      endsInSpace = isSpace;
    }
    if (length > index) return at;
    at += char.length;
  }
  return original.length;
}
