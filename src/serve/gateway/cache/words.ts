/** A text as numbers that can be compared, without a model: pure functions. */
import { hashText } from "../routing/order.ts";

const SIZE = 512;
/** They are in every question, and say little of which it is. ("From" does: there is a way back.) */
const COMMON: ReadonlySet<string> = new Set(
  "a an and are as at be by can could do does for have how i in is it me my of on or please tell that the this to us was we were will with would you your".split(
    " ",
  ),
);
/** Common words count so much less. */
const COMMON_WEIGHT = 0.15;
const NEGATIONS = new Set(
  "no not never none nothing without neither nor cannot dont doesnt isnt arent wont cant kein keine nicht nie ohne ne pas jamais sans".split(
    " ",
  ),
);

/** A unit vector of a text's words and of the letters in them: alike texts point the same way. */
export function wordVector(text: string): Float32Array {
  const vector = new Float32Array(SIZE);
  for (const word of wordsOf(text)) {
    const weight = COMMON.has(word) ? COMMON_WEIGHT : 1;
    add(vector, `w:${word}`, weight);
    const marked = `^${word}$`;
    const grams = marked.length - 2;
    for (let at = 0; at < grams; at++) add(vector, marked.slice(at, at + 3), weight / (2 * grams));
  }
  return unit(vector);
}

/** The cosine of two unit vectors. */
export function likeness(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}

/** What two questions must agree on however alike they are. */
export interface Anchors {
  /** Numbers and negations, in one order. */
  readonly exact: string;
  /** Words in quotes, or with a capital inside a sentence: names more often than not. */
  readonly names: readonly string[];
  /** In the order in which they first come. */
  readonly words: ReadonlySet<string>;
}

export function anchorsOf(text: string): Anchors {
  const words = wordsOf(text);
  const numbers = text.match(/\d+(?:[.,]\d+)*/g) ?? [];
  const negations = words.filter((word) => NEGATIONS.has(word) || word.endsWith("n't"));
  const names = text.match(/(?<=\S\s+)\p{Lu}[\p{L}\p{N}_-]*|"[^"]+"|`[^`]+`/gu) ?? [];
  return {
    exact: [...numbers, ...negations.map(() => "not")].toSorted().join("|"),
    names: names.flatMap(wordsOf),
    words: new Set(words),
  };
}

/**
 * Whether each has the other's numbers, negations and names, in whatever case they are written, and
 * what both speak of comes in one order: from here to there is not from there to here.
 */
export function agree(a: Anchors, b: Anchors): boolean {
  const has =
    ({ words }: Anchors) =>
    (name: string) =>
      words.has(name);
  if (a.exact !== b.exact || !a.names.every(has(b)) || !b.names.every(has(a))) return false;
  return sharedWords(a, b) === sharedWords(b, a);
}

/** The words of the first that the second has too, but for those that are in every question. */
function sharedWords(first: Anchors, second: Anchors): string {
  return [...first.words].filter((word) => second.words.has(word) && !COMMON.has(word)).join(" ");
}

export function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(likeness(vector, vector));
  return length === 0 ? vector : vector.map((value) => value / length);
}

function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll("’", "'")
      .match(/[\p{L}\p{N}][\p{L}\p{N}'_-]*/gu) ?? []
  );
}

function add(vector: Float32Array, feature: string, weight: number): void {
  const hash = hashText(feature);
  const at = hash % SIZE;
  // The sign comes from another bit, so that features that meet in a slot cancel rather than add up.
  vector[at] = (vector[at] ?? 0) + ((hash >>> 16) & 1 ? weight : -weight);
}
