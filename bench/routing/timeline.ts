import type { Later } from "../../src/core/time.ts";

interface Entry {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Simulated time: what is to run later runs in its order, and no time passes between. */
export class Timeline {
  /** Milliseconds. */
  now = 0;
  /** A binary heap: the soonest first, among equals the one that was asked for first. */
  private readonly heap: Entry[] = [];
  private asked = 0;

  readonly later: Later = (ms, run) => {
    const entry: Entry = { at: this.now + ms, order: this.asked++, run };
    this.push(entry);
    return () => {
      entry.run = undefined;
    };
  };

  /** Runs until nothing is due any more. */
  runAll(): void {
    for (let entry = this.pop(); entry; entry = this.pop()) {
      if (!entry.run) continue;
      this.now = entry.at;
      entry.run();
    }
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (!parent || !isBefore(entry, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  private pop(): Entry | undefined {
    const { heap } = this;
    const [first] = heap;
    const moved = heap.pop();
    if (!moved || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      if (!left) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, moved)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = moved;
    return first;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
