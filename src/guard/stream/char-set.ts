/** Sets of UTF-16 code units, as sorted ranges that neither touch nor overlap. */
export type CharSet = readonly (readonly [from: number, to: number])[];

const LAST = 0xffff;

export const DIGIT: CharSet = [[48, 57]];
export const WORD: CharSet = union([
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]);
export const SPACE: CharSet = union([
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);
export const NOT_NEWLINE: CharSet = complement(
  union([
    [10, 10],
    [13, 13],
    [0x2028, 0x2029],
  ]),
);

export function only(code: number): CharSet {
  return [[code, code]];
}

export function union(ranges: CharSet): CharSet {
  const merged: [number, number][] = [];
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

export function complement(set: CharSet): CharSet {
  const rest: [number, number][] = [];
  let next = 0;
  for (const [from, to] of set) {
    if (from > next) rest.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= LAST) rest.push([next, LAST]);
  return rest;
}

/** ASCII letters of a set stand for both of their cases. */
export function ofBothCases(set: CharSet): CharSet {
  const both: (readonly [number, number])[] = [...set];
  const add = (set_: readonly [number, number], low: number, shift: number) => {
    const from = Math.max(set_[0], low);
    const to = Math.min(set_[1], low + 25);
    if (from <= to) both.push([from + shift, to + shift]);
  };
  for (const range of set) {
    add(range, 97, -32);
    add(range, 65, 32);
  }
  return union(both);
}

export function has(set: CharSet, code: number): boolean {
  return set.some(([from, to]) => from <= code && code <= to);
}

/** The code units in classes of which every set has all or none. */
export interface Alphabet {
  /** Of each code unit, its class. */
  readonly classOf: Uint8Array;
  readonly size: number;
  /** One code unit of each class. */
  readonly samples: readonly number[];
}

/** Throws RangeError where there are more than 256 classes. */
export function alphabetOf(sets: readonly CharSet[]): Alphabet {
  const cuts = new Set([0]);
  for (const [from, to] of sets.flat()) cuts.add(from).add(to + 1);
  const starts = [...cuts].filter((cut) => cut <= LAST).toSorted((a, b) => a - b);
  const classes = new Map<string, number>();
  const samples: number[] = [];
  const classOf = new Uint8Array(LAST + 1);
  for (const [index, start] of starts.entries()) {
    const members = sets.map((set) => (has(set, start) ? "1" : "0")).join("");
    let id = classes.get(members);
    if (id === undefined) {
      id = classes.size;
      if (id > 255) throw new RangeError("too many different characters in these patterns");
      classes.set(members, id);
      samples.push(start);
    }
    classOf.fill(id, start, starts[index + 1] ?? LAST + 1);
  }
  return { classOf, size: classes.size, samples };
}
