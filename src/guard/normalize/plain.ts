/**
 * A text as a person would read it: compatibility forms folded, invisible characters gone, lower
 * case, runs of white space as one space.
 */
export interface Plain {
  readonly text: string;
  /** The same with its white space as it was: where sentences and lines end can still be seen. */
  readonly lines: string;
  /** Where the character at this index of `text` stood in the original. Walks it: for findings only. */
  at(index: number): number;
  /** The same for an index of `lines`. */
  lineAt(index: number): number;
}

/** Format characters, variation selectors, tags and fillers; spelled out, since `\p{Cf}` is five times as slow. */
const INVISIBLE =
  /[\u00AD\u0600-\u0605\u061C\u06DD\u070F\u115F\u1160\u17B4\u17B5\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF0-\uFFFB]|[\uFE00-\uFE0F]|[\u180B-\u180D\u180F]|\u034F|\uDB40[\uDC00-\uDDEF]|\uD82F[\uDCA0-\uDCA3]|\uD834[\uDD73-\uDD7A]/g;
/** Runs of white space that are not a single space already. */
const SPACES = /[^\S ]\s*| \s+/g;

/** The whole text is folded by the engine's own fast routines; a map back is built only when asked. */
export function toPlain(original: string): Plain {
  // Several detectors look at the same text in turn.
  if (latest?.original !== original) latest = { original, plain: makePlain(original) };
  return latest.plain;
}

let latest: { original: string; plain: Plain } | undefined;

function makePlain(original: string): Plain {
  const lines = fold(original);
  return {
    text: collapse(lines),
    lines,
    at: (index) => originalIndex(original, index),
    lineAt: (index) => originalLineIndex(original, index),
  };
}

/** Every run of white space as one space. */
export function collapse(text: string): string {
  return text.replace(SPACES, " ");
}

const BEYOND_ASCII = /[^\t\n\r -~]/;

export function isAscii(text: string): boolean {
  return !BEYOND_ASCII.test(text);
}

function fold(text: string): string {
  return clean(text).toLowerCase();
}

/** Without compatibility forms and invisible characters; letters keep their case. */
export function clean(text: string): string {
  return isAscii(text) ? text : text.normalize("NFKC").replace(INVISIBLE, "");
}

/** Where each character of a cleaned text stood in the original; one entry more for its end. */
export function cleanOffsets(original: string, cleaned: string): Uint32Array {
  const offsets = new Uint32Array(cleaned.length + 1).fill(original.length);
  let length = 0;
  let at = 0;
  const lengths = new Map<string, number>();
  for (const char of original) {
    let units = char < "\u0080" ? 1 : lengths.get(char);
    if (units === undefined) lengths.set(char, (units = clean(char).length));
    offsets.fill(at, length, length + units);
    length += units;
    at += char.length;
  }
  return offsets;
}

function originalIndex(original: string, index: number): number {
  let length = 0;
  let endsInSpace = false;
  let at = 0;
  const known = new Map<string, string>();
  for (const char of original) {
    let folded = char < "\u0080" ? char : known.get(char);
    if (folded === undefined) known.set(char, (folded = fold(char)));
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

const RUN_BEYOND_ASCII = /[^\0-\x7F]+/g;

/** ASCII stands for itself: only what is beyond it is looked at, and walked where the place is in it. */
function originalLineIndex(original: string, index: number): number {
  let length = 0;
  let at = 0;
  const known = new Map<string, number>();
  for (const { 0: run, index: from } of original.matchAll(RUN_BEYOND_ASCII)) {
    if (length + from - at > index) break;
    length += from - at;
    at = from;
    const whole = fold(run).length;
    if (length + whole <= index) {
      length += whole;
      at += run.length;
      continue;
    }
    for (const char of run) {
      let units = known.get(char);
      if (units === undefined) known.set(char, (units = fold(char).length));
      if (length + units > index) return at;
      length += units;
      at += char.length;
    }
  }
  return Math.min(original.length, at + index - length);
}
