import type { Replica } from "./replica.ts";

/** How the gateway hands calls on: `src/serve/gateway/routing` has the real rules, these mirror them. */
export interface AdmissionRules {
  /** A replica gets its next prompt while fewer tokens of its lane wait there; `off`: all go at once. */
  readonly promptTokens: number | "off";
  /** Prompts from so many tokens on have a lane of their own. */
  readonly large: number;
  /** The longest a call waits for room; then it is refused. */
  readonly waitMs: number;
  /** More waiting calls than that: the last in line is refused. */
  readonly calls: number;
}

/** As `routing.queue` in weir.yaml has them. */
export const PACED: AdmissionRules = {
  promptTokens: 512,
  large: 4096,
  waitMs: 60_000,
  calls: 1000,
};
export const AT_ONCE: AdmissionRules = { ...PACED, promptTokens: "off" };

interface Needs {
  readonly rules: AdmissionRules;
  readonly at: Float64Array;
  readonly prompt: Int32Array;
  readonly client: Int32Array | undefined;
  readonly refused: (call: number, at: number) => void;
}

type Lane = 0 | 1;

/**
 * The calls that no replica has room for: clients in turn by start-time fair queueing, large prompts in a
 * lane of their own. Whoever has room takes the next, the replica with the fewest calls first.
 */
export class Admission {
  waitingTokens = 0;
  private readonly needs: Needs;
  private readonly lanes: [Line, Line] = [new Line(), new Line()];
  /** How far each client has come in virtual time. */
  private readonly reached = new Map<number, number>();
  private virtualTime = 0;

  constructor(needs: Needs) {
    this.needs = needs;
  }

  get waiting(): number {
    return this.lanes[0].length + this.lanes[1].length;
  }

  laneOf(call: number): Lane {
    return this.tokensOf(call) >= this.needs.rules.large ? 1 : 0;
  }

  arrive(call: number, replicas: readonly Replica[], now: number): void {
    const lane = this.laneOf(call);
    const replica = this.pick(lane, replicas);
    if (replica) this.hand(call, lane, replica, now);
    else this.wait(call, lane, now);
  }

  /** There may be room again, or somebody may have waited too long. */
  pump(replicas: readonly Replica[], now: number): void {
    if (this.waiting === 0) return;
    this.refuseLate(now);
    const [small, large] = this.lanes;
    const lanes = large.firstTag < small.firstTag ? ([1, 0] as const) : ([0, 1] as const);
    for (const lane of lanes) {
      const line = this.lanes[lane];
      while (line.length > 0) {
        const replica = this.pick(lane, replicas);
        if (!replica) break;
        this.virtualTime = Math.max(this.virtualTime, line.firstTag);
        this.hand(this.left(line.takeFirst()), lane, replica, now);
      }
    }
  }

  private wait(call: number, lane: Lane, now: number): void {
    const client = this.needs.client?.[call] ?? 0;
    const tag = Math.max(this.virtualTime, this.reached.get(client) ?? 0);
    this.reached.set(client, tag + this.tokensOf(call));
    this.lanes[lane].add(tag, call);
    this.waitingTokens += this.tokensOf(call);
    if (this.waiting > this.needs.rules.calls) this.refuse(this.lastLine().takeLast(), now);
  }

  private lastLine(): Line {
    const [small, large] = this.lanes;
    return large.lastTag > small.lastTag ? large : small;
  }

  private refuseLate(now: number): void {
    const { rules, at } = this.needs;
    for (const line of this.lanes) {
      for (const call of line.takeOld((one) => now - (at[one] ?? 0) > rules.waitMs)) {
        this.refuse(call, now);
      }
    }
  }

  private refuse(call: number, now: number): void {
    this.needs.refused(this.left(call), now);
  }

  /** A call waits no longer. Where nobody does, no client owes another anything. */
  private left(call: number): number {
    this.waitingTokens -= this.tokensOf(call);
    if (this.waiting === 0) {
      this.reached.clear();
      this.virtualTime = 0;
    }
    return call;
  }

  private hand(call: number, lane: Lane, replica: Replica, now: number): void {
    replica.waitingTokens[lane] += this.tokensOf(call);
    replica.add(call, now);
  }

  private tokensOf(call: number): number {
    return this.needs.prompt[call] ?? 0;
  }

  private pick(lane: Lane, replicas: readonly Replica[]): Replica | undefined {
    const { promptTokens } = this.needs.rules;
    let best: Replica | undefined;
    for (const replica of replicas) {
      if (promptTokens !== "off" && replica.waitingTokens[lane] >= promptTokens) continue;
      if (!best || replica.inFlight < best.inFlight) best = replica;
    }
    return best;
  }
}

/** Calls by their tags; of equal ones the first that came. */
class Line {
  private readonly tags: number[] = [];
  private readonly calls: number[] = [];

  get length(): number {
    return this.calls.length;
  }

  get firstTag(): number {
    return this.tags[0] ?? Infinity;
  }

  get lastTag(): number {
    return this.tags.at(-1) ?? -1;
  }

  add(tag: number, call: number): void {
    let [low, high] = [0, this.tags.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.tags[middle] ?? 0) <= tag) low = middle + 1;
      else high = middle;
    }
    this.tags.splice(low, 0, tag);
    this.calls.splice(low, 0, call);
  }

  takeFirst(): number {
    this.tags.shift();
    return this.calls.shift() ?? -1;
  }

  takeLast(): number {
    this.tags.pop();
    return this.calls.pop() ?? -1;
  }

  takeOld(isOld: (call: number) => boolean): number[] {
    const old = this.calls.filter(isOld);
    for (const call of old) {
      const at = this.calls.indexOf(call);
      this.calls.splice(at, 1);
      this.tags.splice(at, 1);
    }
    return old;
  }
}
