import { PRIORITIES, type Priority } from "../../../core/call.ts";

export type LaneName = "small" | "large";

export interface Waiting {
  readonly priority: Priority;
  /** Whose turn it is among equals: a tenant, or a key. */
  readonly flow: string;
  /** What it takes: tokens of its prompt. */
  readonly tokens: number;
  readonly lane: LaneName;
}

interface Entry<T extends Waiting> {
  readonly item: T;
  readonly tag: number;
}

/** How deep a lane is looked through for somebody whose target has room. */
const LOOK_AHEAD = 64;

/**
 * Who waits and who is next: higher priorities first; among equals start-time fair queueing, so that
 * a flow which asks for much waits behind its own calls and not before others'; large prompts in a
 * lane of their own, so that short ones are not held up behind them.
 */
export class FairQueue<T extends Waiting> {
  private readonly classes = new Map<Priority, Lanes<T>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(item: T): void {
    let lanes = this.classes.get(item.priority);
    if (!lanes) this.classes.set(item.priority, (lanes = new Lanes()));
    lanes.add(item);
    this.count += 1;
  }

  /** False where it was not there. */
  remove(item: T): boolean {
    const isGone = this.classes.get(item.priority)?.remove(item) ?? false;
    if (isGone) this.count -= 1;
    return isGone;
  }

  /** Takes the first that `fits`, in the order of the queue; undefined where nobody does. */
  take(fits: (item: T) => boolean): T | undefined {
    for (const priority of PRIORITIES) {
      const item = this.classes.get(priority)?.take(fits);
      if (item) {
        this.count -= 1;
        return item;
      }
    }
    return undefined;
  }

  /** The one that would be served last: who gives way where the queue is full. */
  last(): T | undefined {
    for (const priority of PRIORITIES.toReversed()) {
      const item = this.classes.get(priority)?.last();
      if (item) return item;
    }
    return undefined;
  }
}

/** One priority: two sorted lanes, and how far each flow has come in virtual time. */
class Lanes<T extends Waiting> {
  private readonly lanes: Record<LaneName, Entry<T>[]> = { small: [], large: [] };
  private readonly finished = new Map<string, number>();
  private virtualTime = 0;

  add(item: T): void {
    const tag = Math.max(this.virtualTime, this.finished.get(item.flow) ?? 0);
    this.finished.set(item.flow, tag + Math.max(1, item.tokens));
    const lane = this.lanes[item.lane];
    let at = lane.length;
    while (at > 0 && (lane[at - 1]?.tag ?? 0) > tag) at -= 1;
    lane.splice(at, 0, { item, tag });
  }

  remove(item: T): boolean {
    const lane = this.lanes[item.lane];
    const at = lane.findIndex((entry) => entry.item === item);
    if (at === -1) return false;
    lane.splice(at, 1);
    this.forgetIfEmpty();
    return true;
  }

  take(fits: (item: T) => boolean): T | undefined {
    const { small, large } = this.lanes;
    const isLargeFirst = (large[0]?.tag ?? Infinity) < (small[0]?.tag ?? Infinity);
    for (const lane of isLargeFirst ? [large, small] : [small, large]) {
      const at = lane.slice(0, LOOK_AHEAD).findIndex(({ item }) => fits(item));
      const entry = at === -1 ? undefined : lane.splice(at, 1)[0];
      if (!entry) continue;
      this.virtualTime = Math.max(this.virtualTime, entry.tag);
      this.forgetIfEmpty();
      return entry.item;
    }
    return undefined;
  }

  last(): T | undefined {
    const { small, large } = this.lanes;
    const [a, b] = [small.at(-1), large.at(-1)];
    if (!a || !b) return (a ?? b)?.item;
    return a.tag > b.tag ? a.item : b.item;
  }

  /** Nobody waits: no flow owes another anything. */
  private forgetIfEmpty(): void {
    if (this.lanes.small.length + this.lanes.large.length > 0) return;
    this.finished.clear();
    this.virtualTime = 0;
  }
}
