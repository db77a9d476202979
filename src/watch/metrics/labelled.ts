import { formatLabels } from "./exposition.ts";

/** Beyond this many series of one metric, what is new is counted together: a store of metrics has to hold them all. */
export const MOST_SERIES = 1000;
const OTHER = "other";

/** One thing for each combination of label values, and one for all that come when there are too many. */
export class Labelled<Thing> {
  private readonly names: readonly string[];
  private readonly make: () => Thing;
  private readonly most: number;
  private readonly things = new Map<string, { readonly labels: string; readonly thing: Thing }>();

  /** What was asked for last is often asked for again. */
  private last: { readonly values: Values; readonly thing: Thing } | undefined;

  /** Of at most four labels. */
  constructor(names: readonly string[], make: () => Thing, most = MOST_SERIES) {
    this.names = names;
    this.make = make;
    this.most = most;
  }

  /** Values in the order of the names. Written out: a list of them would show at every call. */
  of(a: string, b = "", c = "", d = ""): Thing {
    if (this.last) {
      const { values } = this.last;
      if (values.a === a && values.b === b && values.c === c && values.d === d) {
        return this.last.thing;
      }
    }
    const thing = this.find(a, b, c, d);
    this.last = { values: { a, b, c, d }, thing };
    return thing;
  }

  private find(a: string, b: string, c: string, d: string): Thing {
    const key = `${a}\0${b}\0${c}\0${d}`;
    const known = this.things.get(key);
    if (known) return known.thing;
    const values = [a, b, c, d].slice(0, this.names.length);
    if (this.things.size >= this.most - 1 && values.some((value) => value !== OTHER)) {
      const [first = "", ...rest] = values.map(() => OTHER);
      return this.of(first, ...rest);
    }
    const pairs = this.names.map((name, at) => [name, values[at] ?? ""] as const);
    const thing = this.make();
    this.things.set(key, { labels: formatLabels(Object.fromEntries(pairs)), thing });
    return thing;
  }

  all(): Iterable<{ readonly labels: string; readonly thing: Thing }> {
    return this.things.values();
  }
}

interface Values {
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly d: string;
}

/** A number that only grows. */
export interface Counter {
  count: number;
}

export function counters(...names: readonly string[]): Labelled<Counter> {
  return new Labelled(names, () => ({ count: 0 }));
}
