import { formatLabels } from "./exposition.ts";

/** Beyond this many series of one metric, what is new is counted together: a store of metrics has to hold them all. */
export const MOST_SERIES = 1000;
const OTHER = "other";

/** One thing for each combination of label values, and one for all that come when there are too many. */
export class Labelled<Thing> {
  private readonly names: readonly string[];
  private readonly make: (labels: readonly string[]) => Thing;
  private readonly most: number;
  private readonly things = new Map<string, { readonly labels: string; readonly thing: Thing }>();

  constructor(
    names: readonly string[],
    make: (labels: readonly string[]) => Thing,
    most = MOST_SERIES,
  ) {
    this.names = names;
    this.make = make;
    this.most = most;
  }

  of(...values: readonly string[]): Thing {
    const key = values.join("\0");
    const known = this.things.get(key);
    if (known) return known.thing;
    if (this.things.size >= this.most - 1 && values.some((value) => value !== OTHER)) {
      return this.of(...values.map(() => OTHER));
    }
    const pairs = this.names.map((name, at) => [name, values[at] ?? ""] as const);
    const labels = formatLabels(Object.fromEntries(pairs));
    const thing = this.make(values);
    this.things.set(key, { labels, thing });
    return thing;
  }

  all(): Iterable<{ readonly labels: string; readonly thing: Thing }> {
    return this.things.values();
  }
}

/** A number that only grows. */
export interface Counter {
  count: number;
}

export function counters(...names: readonly string[]): Labelled<Counter> {
  return new Labelled(names, () => ({ count: 0 }));
}
