import { type Alphabet, alphabetOf } from "./char-set.ts";
import type { After, Shape } from "./pattern-syntax.ts";
import { type Accepts, StepGraph } from "./step-graph.ts";

/** The state in which nothing can match any more. */
export const DEAD = 0;

/** Where a walk stopped. */
export interface Place {
  at: number;
  state: number;
}

interface State {
  /** Steps that read or accept, in order. */
  readonly steps: Int32Array;
  readonly accepts: Accepts;
}

/** States that are kept; when there are more, all are forgotten and found again. */
const MOST_STATES = 8192;
const UNKNOWN = -1;

/**
 * Many shapes as one automaton, run from where a match begins: sets of steps, made states only when a text
 * first leads there. A character costs one look-up, however many shapes there are, and a text of n
 * characters takes n steps: nothing goes back.
 */
export class Automaton {
  private readonly graph: StepGraph;
  private readonly alphabet: Alphabet;
  /** Of a step that reads: the classes that it takes. */
  private readonly takes: (Uint8Array | undefined)[];
  private starts: Record<After, number> = { any: DEAD, word: DEAD, token: DEAD };
  private states: State[] = [];
  private ids = new Map<string, number>();
  private next = new Int32Array(0);
  /** Of each state: whether it is dead, or a match may end there. */
  private isNotable = new Uint8Array(0);
  /** One for all walks. */
  private readonly place: Place = { at: 0, state: DEAD };

  constructor(shapes: readonly Shape[]) {
    this.graph = new StepGraph(shapes);
    this.alphabet = alphabetOf(this.graph.sets);
    this.takes = this.graph.takes(this.alphabet.samples);
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
    const { any, word, token } = this.graph.begins;
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
      const read = this.graph.steps[step];
      if (read && "to" in read) targets.push(read.to);
    }
    const id = this.stateOf(targets);
    this.next[index] = id;
    return id;
  }

  private stateOf(from: readonly number[]): number {
    const steps = this.graph.together(from);
    // A string as short as the set: two bytes a step.
    const key = String.fromCharCode(...steps);
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.states.length;
    this.ids.set(key, id);
    const accepts = this.graph.acceptsAt(steps);
    this.states.push({ steps, accepts });
    this.grow();
    this.isNotable[id] = id === DEAD || accepts.isAny ? 1 : 0;
    return id;
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
}
