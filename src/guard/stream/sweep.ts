import { type Alphabet, type CharSet, WORD, alphabetOf, has } from "./char-set.ts";
import type { After, Node, Shape } from "./pattern-syntax.ts";
import { StepGraph } from "./step-graph.ts";

/** A stretch of a text: matches begin in such ones alone. */
export interface Stretch {
  readonly from: number;
  to: number;
}

/** In front of the next character: a word goes on; `.`, `%`, `+` or `-`; anything else; and of that a backslash. */
const IN_WORD = 0;
const BEHIND_JOINER = 1;
const BEHIND_OTHER = 2;
const BEHIND_BACKSLASH = 3;

const JOINERS: CharSet = [
  [37, 37],
  [43, 43],
  [45, 46],
];
const BACKSLASH: CharSet = [[92, 92]];
/** b, f, n, r, t: behind a backslash these belong to no word. */
const ESCAPES: CharSet = [
  [98, 98],
  [102, 102],
  [110, 110],
  [114, 114],
  [116, 116],
];

/** Of a state: nothing that began before is still going on; something may end here. */
const IDLE = 1;
const ENDING = 2;

/** More repeats than these are not told apart: with all of them there would be too many states. */
const MOST_REPEATS = 4;

const UNKNOWN = 0xffff;
const MOST_STATES = 8192;
/** Transitions that may be found out at once, and the characters that earn another one. */
const MOST_CREDIT = 3000;
const CHARS_PER_CREDIT = 512;

export interface Sweep {
  /** The stretches of a whole text in which something may match, in order; mostly there are none. */
  stretches(text: string): readonly Stretch[];
}

/** Patterns of too many different characters are looked for everywhere. */
export function createSweep(shapes: readonly Shape[]): Sweep {
  try {
    return new LazySweep(shapes);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return { stretches: ({ length }) => [{ from: 0, to: length }] };
  }
}

/**
 * All shapes from all places at once, a little loosened: one look-up a character says where in a text
 * nothing can match. What a state stands for is found out when a text first leads there; texts that lead
 * to ever new ones are given up where that would cost more than it saves: their rest is a stretch.
 */
class LazySweep implements Sweep {
  private readonly graph: StepGraph;
  private readonly alphabet: Alphabet;
  private readonly takes: (Uint8Array | undefined)[];
  /** Of each class: in front of what it leaves the next character, and whether it is an escape's letter. */
  private readonly leaves: Uint8Array;
  private readonly isEscape: Uint8Array;
  /** Of each class, where what begins with it goes on. */
  private readonly beginnings: Partial<Record<After, ReadonlySet<number>[]>> = {};
  private states: Int32Array[] = [];
  private ids = new Map<string, number>();
  private next = new Uint16Array(0);
  private flags = new Uint8Array(0);
  private places = new Uint8Array(0);
  private credit = MOST_CREDIT;
  private start = 0;

  /** Throws RangeError where there are too many different characters. */
  constructor(shapes: readonly Shape[]) {
    this.graph = new StepGraph(shapes.map((one) => ({ ...one, node: loosened(one.node) })));
    this.alphabet = alphabetOf([...this.graph.sets, WORD, ESCAPES, JOINERS, BACKSLASH]);
    const { samples } = this.alphabet;
    this.takes = this.graph.takes(samples);
    this.leaves = Uint8Array.from(samples, placeBehind);
    this.isEscape = Uint8Array.from(samples, (code) => (has(ESCAPES, code) ? 1 : 0));
    this.forget();
  }

  stretches(text: string): Stretch[] {
    this.credit = Math.min(MOST_CREDIT, this.credit + text.length / CHARS_PER_CREDIT);
    if (this.states.length > MOST_STATES) this.forget();
    const { classOf, size } = this.alphabet;
    let { next, flags } = this;
    const found: Stretch[] = [];
    let idleAt = 0;
    let state = this.start;
    for (let at = 0; at < text.length; at++) {
      const index = state * size + (classOf[text.charCodeAt(at)] ?? 0);
      state = next[index] ?? UNKNOWN;
      if (state === UNKNOWN) {
        if (this.credit < 1) {
          extend(found, idleAt, text.length);
          return found;
        }
        state = this.explore(index);
        ({ next, flags } = this);
      }
      const flag = flags[state] ?? 0;
      if (flag === 0) continue;
      if ((flag & ENDING) > 0) extend(found, idleAt, at + 1);
      if ((flag & IDLE) > 0) idleAt = at + 1;
    }
    return found;
  }

  private forget(): void {
    this.states = [];
    this.ids = new Map();
    this.next = new Uint16Array(0);
    this.flags = new Uint8Array(0);
    this.places = new Uint8Array(0);
    this.start = this.stateOf(new Int32Array(0), BEHIND_OTHER);
  }

  private explore(index: number): number {
    this.credit -= 1;
    const { size } = this.alphabet;
    const from = Math.floor(index / size);
    const read = index % size;
    const place = this.places[from] ?? BEHIND_OTHER;
    const kind = place === IN_WORD ? "any" : place === BEHIND_JOINER ? "word" : "token";
    const targets = new Set(this.beginning(kind, read));
    this.follow(this.states[from] ?? [], read, targets);
    const isPartOfEscape = place === BEHIND_BACKSLASH && this.isEscape[read] === 1;
    const then = isPartOfEscape ? BEHIND_OTHER : (this.leaves[read] ?? BEHIND_OTHER);
    const id = this.stateOf(this.graph.together(targets), then);
    this.next[index] = id;
    return id;
  }

  /** Where what begins with this class of characters goes on: most of what is to be found out is this, again and again. */
  private beginning(kind: After, read: number): ReadonlySet<number> {
    const known = (this.beginnings[kind] ??= []);
    const found = known[read];
    if (found) return found;
    const targets = new Set<number>();
    this.follow(this.graph.together([this.graph.begins[kind]]), read, targets);
    return (known[read] = targets);
  }

  private follow(steps: Iterable<number>, read: number, targets: Set<number>): void {
    for (const step of steps) {
      const one = this.takes[step]?.[read] === 1 ? this.graph.steps[step] : undefined;
      if (one && "to" in one) targets.add(one.to);
    }
  }

  private stateOf(steps: Int32Array, place: number): number {
    const key = String.fromCharCode(place, ...steps);
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.states.length;
    this.ids.set(key, id);
    this.states.push(steps);
    this.grow();
    const isEnding = this.graph.acceptsAt(steps).isAny;
    this.flags[id] = (steps.length === 0 ? IDLE : 0) | (isEnding ? ENDING : 0);
    this.places[id] = place;
    return id;
  }

  private grow(): void {
    const { size } = this.alphabet;
    if (this.states.length * size <= this.next.length) return;
    const room = Math.max(this.states.length * 2, 64);
    this.next = widened(new Uint16Array(room * size).fill(UNKNOWN), this.next);
    this.flags = widened(new Uint8Array(room), this.flags);
    this.places = widened(new Uint8Array(room), this.places);
  }
}

/** Of a shape, one that is found wherever that is found. */
function loosened(node: Node): Node {
  if (node.type === "chars") return node;
  if (node.type !== "repeat") return { ...node, nodes: node.nodes.map(loosened) };
  const inner = loosened(node.node);
  if (node.max <= MOST_REPEATS) return { ...node, node: inner };
  return { ...node, node: inner, min: Math.min(node.min, MOST_REPEATS), max: Infinity };
}

function widened<Numbers extends Uint16Array | Uint8Array>(
  wide: Numbers,
  narrow: Numbers,
): Numbers {
  wide.set(narrow);
  return wide;
}

function extend(found: Stretch[], from: number, to: number): void {
  const last = found.at(-1);
  if (last && from < last.to) last.to = to;
  else found.push({ from, to });
}

function placeBehind(code: number): number {
  if (has(WORD, code)) return IN_WORD;
  if (has(JOINERS, code)) return BEHIND_JOINER;
  return has(BACKSLASH, code) ? BEHIND_BACKSLASH : BEHIND_OTHER;
}
