import { type CharSet, has } from "./char-set.ts";
import type { After, Node, Shape } from "./pattern-syntax.ts";

/** What a state says: the shapes whose match may end here. */
export interface Accepts {
  readonly isAny: boolean;
  /** Whatever comes, nothing longer can match, and nothing has to be known of it. */
  readonly isFinal: boolean;
  readonly here: readonly number[];
  /** Those only where no letter, digit or `_` follows. */
  readonly atBoundary: readonly number[];
}

/** A step that is written down: characters to another step, or no character to several. */
export type Step =
  | { readonly set: CharSet; readonly to: number }
  | { readonly empty: number[] }
  | { readonly accept: number };

/** Shapes written down as steps: Thompson's construction (CACM 11(6), 1968). */
export class StepGraph {
  readonly steps: Step[] = [];
  /** The first step of all that may begin in a word, at a word's beginning, at a token's. */
  readonly begins: Readonly<Record<After, number>>;
  /** Sets that are equal are one. */
  private readonly setsByKey = new Map<string, CharSet>();
  private readonly shapes: readonly Shape[];
  /** Of each step: those that are reached from it without a character, and read or accept. */
  private readonly closures: (Int32Array | undefined)[] = [];
  private readonly marks: Int32Array;
  private mark = 0;

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
    this.marks = new Int32Array(this.steps.length);
  }

  /** All sets of characters that are read. */
  get sets(): CharSet[] {
    return [...this.setsByKey.values()];
  }

  /** Of each step that reads: whether it takes each of these code units. */
  takes(samples: readonly number[]): (Uint8Array | undefined)[] {
    const bySet = new Map(
      this.sets.map((set) => [set, Uint8Array.from(samples, (code) => (has(set, code) ? 1 : 0))]),
    );
    return this.steps.map((step) => ("set" in step ? bySet.get(step.set) : undefined));
  }

  /** The steps that read or accept, reached from any of these without a character, in order. */
  together(from: Iterable<number>): Int32Array {
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

  /** What may end where these steps are reached. */
  acceptsAt(steps: Int32Array): Accepts {
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

  private add(step: Step): number {
    if (this.steps.length > 0xffff) throw new RangeError("these patterns are too large together");
    this.steps.push(step);
    return this.steps.length - 1;
  }

  private oneOf(set: CharSet): CharSet {
    const key = set.join(";");
    const known = this.setsByKey.get(key);
    if (!known) this.setsByKey.set(key, set);
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
