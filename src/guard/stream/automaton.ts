import { type Alphabet, type CharSet, alphabetOf, has } from "./char-set.ts";
import type { After, Node, Shape } from "./pattern-syntax.ts";

/** The state in which nothing can match any more. */
export const DEAD = 0;

/** What a state says: the shapes whose match may end here. */
export interface Accepts {
  readonly isAny: boolean;
  /** Whatever comes, nothing longer can match, and nothing has to be known of it. */
  readonly isFinal: boolean;
  readonly here: readonly number[];
  /** Those only where no letter, digit or `_` follows. */
  readonly atBoundary: readonly number[];
}

/** Where a walk stopped. */
export interface Place {
  at: number;
  state: number;
}

/** A step of the automaton that is written down: characters to another step, or no character to several. */
type Step =
  | { readonly set: CharSet; readonly to: number }
  | { readonly empty: number[] }
  | { readonly accept: number };

interface State {
  /** Steps that read or accept, in order. */
  readonly steps: Int32Array;
  readonly accepts: Accepts;
}

/** States that are kept; when there are more, all are forgotten and found again. */
const MOST_STATES = 8192;
const UNKNOWN = -1;

/**
 * Many shapes as one automaton, run from where a match begins: Thompson's construction (CACM 11(6),
 * 1968), its sets of steps made states only when a text first leads there. A character costs one look-up,
 * however many shapes there are, and a text of n characters takes n steps: nothing goes back.
 */
export class Automaton {
  private readonly steps: Step[] = [];
  /** Sets that are equal are one. */
  private readonly sets = new Map<string, CharSet>();
  private readonly shapes: readonly Shape[];
  private readonly alphabet: Alphabet;
  /** Of a step that reads: the classes that it takes. */
  private readonly takes: (Uint8Array | undefined)[];
  /** Of each step: those that are reached from it without a character, and read or accept. */
  private readonly closures: (Int32Array | undefined)[] = [];
  private readonly marks: Int32Array;
  private mark = 0;
  private readonly begins: Readonly<Record<After, number>>;
  private starts: Record<After, number> = { any: DEAD, word: DEAD, token: DEAD };
  private states: State[] = [];
  private ids = new Map<string, number>();
  private next = new Int32Array(0);
  /** Of each state: whether it is dead, or a match may end there. */
  private isNotable = new Uint8Array(0);
  /** One for all walks. */
  private readonly place: Place = { at: 0, state: DEAD };

  constructor(shapes: readonly Shape[]) {
    this.shapes = shapes;
    const begins = shapes.map(({ node }, index) => this.build(node, this.add({ accept: index })));
    const whose = (...kinds: After[]) =>
      this.add({
        empty: begins.filter((_, index) => kinds.includes(shapes[index]?.after ?? "any")),
      });
    // Where a token begins a word does, and where a word begins anything may.
    this.begins = {
      any: whose("any"),
      word: whose("any", "word"),
      token: this.add({ empty: begins }),
    };
    this.alphabet = alphabetOf([...this.sets.values()]);
    const { samples } = this.alphabet;
    const takes = new Map(
      [...this.sets.values()].map((set) => [
        set,
        Uint8Array.from(samples, (code) => (has(set, code) ? 1 : 0)),
      ]),
    );
    this.takes = this.steps.map((step) => ("set" in step ? takes.get(step.set) : undefined));
    this.marks = new Int32Array(this.steps.length);
    this.forget();
  }

  /** The state in front of a match that begins here: in a word, at a word's beginning, at a token's. Good until `forget`. */
  start(here: After): number {
    return this.starts[here];
  }

  /** From where on, reading these characters from `state`, something may be accepted or nothing can be; or `until`. */
  walk(text: string, from: number, until: number, state: number): Place {
    const { classOf, size } = this.alphabet;
    let { next, isNotable } = this;
    let now = state;
    let at = from;
    while (at < until) {
      const index = now * size + (classOf[text.charCodeAt(at)] ?? 0);
      let then = next[index] ?? UNKNOWN;
      if (then === UNKNOWN) {
        then = this.explore(now, index);
        ({ next, isNotable } = this);
      }
      now = then;
      at += 1;
      if (isNotable[now] === 1) break;
    }
    this.place.at = at;
    this.place.state = now;
    return this.place;
  }

  acceptsOf(state: number): Accepts | undefined {
    return this.states[state]?.accepts;
  }

  /** Of each code unit, whether some match may begin with it. */
  firsts(here: After): Uint8Array {
    const { classOf, size } = this.alphabet;
    const state = this.start(here);
    const leads = Array.from({ length: size }, (_, one) => this.explore(state, state * size + one));
    return classOf.map((one) => (leads[one] === DEAD ? 0 : 1));
  }

  /** Whether so many states are known that they are to be forgotten before the next start. */
  get isFull(): boolean {
    return this.states.length > MOST_STATES;
  }

  forget(): void {
    this.states = [];
    this.ids = new Map();
    this.next = new Int32Array(0);
    this.isNotable = new Uint8Array(0);
    this.stateOf([]);
    // From nowhere, everything leads nowhere.
    this.next.fill(DEAD, 0, this.alphabet.size);
    const { any, word, token } = this.begins;
    this.starts = {
      any: this.stateOf([any]),
      word: this.stateOf([word]),
      token: this.stateOf([token]),
    };
  }

  private explore(state: number, index: number): number {
    const one = index % this.alphabet.size;
    const targets: number[] = [];
    for (const step of this.states[state]?.steps ?? []) {
      if (this.takes[step]?.[one] !== 1) continue;
      const read = this.steps[step];
      if (read && "to" in read) targets.push(read.to);
    }
    const id = this.stateOf(targets);
    this.next[index] = id;
    return id;
  }

  private stateOf(from: readonly number[]): number {
    const steps = this.together(from);
    // A string as short as the set: two bytes a step.
    const key = String.fromCharCode(...steps);
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.states.length;
    this.ids.set(key, id);
    const accepts = this.acceptsAt(steps);
    this.states.push({ steps, accepts });
    this.grow();
    this.isNotable[id] = id === DEAD || accepts.isAny ? 1 : 0;
    return id;
  }

  private together(from: readonly number[]): Int32Array {
    this.mark += 1;
    const steps: number[] = [];
    for (const step of from) {
      for (const reached of this.closureOf(step)) {
        if (this.marks[reached] === this.mark) continue;
        this.marks[reached] = this.mark;
        steps.push(reached);
      }
    }
    return Int32Array.from(steps).sort();
  }

  private closureOf(step: number): Int32Array {
    return (this.closures[step] ??= this.closure(step));
  }

  private closure(from: number): Int32Array {
    const seen = new Set<number>();
    const todo = [from];
    for (let step = todo.pop(); step !== undefined; step = todo.pop()) {
      if (seen.has(step)) continue;
      seen.add(step);
      const one = this.steps[step];
      if (one && "empty" in one) todo.push(...one.empty);
    }
    return Int32Array.from([...seen].filter((step) => !("empty" in (this.steps[step] ?? {}))));
  }

  private acceptsAt(steps: Int32Array): Accepts {
    const all: number[] = [];
    for (const step of steps) {
      const one = this.steps[step];
      if (one && "accept" in one) all.push(one.accept);
    }
    const isFree = (shape: number) => !this.shapes[shape]?.isBoundRight;
    const atBoundary = all.filter((shape) => !isFree(shape));
    const isAny = all.length > 0;
    const isFinal = isAny && atBoundary.length === 0 && all.length === steps.length;
    return { isAny, isFinal, here: all.filter(isFree), atBoundary };
  }

  private grow(): void {
    const wanted = this.states.length * this.alphabet.size;
    if (wanted <= this.next.length) return;
    const room = Math.max(this.states.length * 2, 64);
    const next = new Int32Array(room * this.alphabet.size).fill(UNKNOWN);
    next.set(this.next);
    this.next = next;
    const notable = new Uint8Array(room);
    notable.set(this.isNotable);
    this.isNotable = notable;
  }

  private add(step: Step): number {
    if (this.steps.length > 0xffff) throw new RangeError("these patterns are too large together");
    this.steps.push(step);
    return this.steps.length - 1;
  }

  private oneOf(set: CharSet): CharSet {
    const key = set.join(";");
    const known = this.sets.get(key);
    if (!known) this.sets.set(key, set);
    return known ?? set;
  }

  /** Writes a node down in front of what follows it; gives its first step. */
  private build(node: Node, then: number): number {
    if (node.type === "chars") return this.add({ set: this.oneOf(node.set), to: then });
    if (node.type === "repeat") return this.buildRepeat(node, then);
    if (node.type === "choice") {
      return this.add({ empty: node.nodes.map((one) => this.build(one, then)) });
    }
    return node.nodes.reduceRight((next, one) => this.build(one, next), then);
  }

  private buildRepeat({ node, min, max }: Extract<Node, { type: "repeat" }>, then: number): number {
    let next = then;
    if (max === Number.POSITIVE_INFINITY) {
      const empty: number[] = [then];
      next = this.add({ empty });
      empty.push(this.build(node, next));
    } else {
      for (let extra = min; extra < max; extra++) {
        next = this.add({ empty: [then, this.build(node, next)] });
      }
    }
    for (let count = 0; count < min; count++) next = this.build(node, next);
    return next;
  }
}
