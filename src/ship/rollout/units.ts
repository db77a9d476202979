import type { CallFacts } from "./marks.ts";

/** In which arm a unit is. `outside`: stable's, and only its figures are learned from. */
export type Arm = "candidate" | "control" | "outside";

/** What one decision of the router came to: a call, or the calls of a session. */
export interface Unit {
  readonly arm: Arm;
  /** The candidate's share of what is observed, when the unit came. */
  readonly probability: number;
  /** The session, as a word that says nothing of who it is; absent: a call of its own. */
  readonly key?: string | undefined;
  readonly calls: readonly CallFacts[];
}

export interface UnitTimes {
  /** So long calls of a session are one unit's, from its first on. */
  readonly sessionMs: number;
  /** A call without an end after so long has failed as far as we judge. */
  readonly giveUpMs: number;
}

interface Open extends Omit<Unit, "calls"> {
  readonly since: number;
  readonly calls: CallFacts[];
  running: number;
}

/**
 * Puts calls together to units and hands those on in the order in which they **began**: a candidate that
 * hangs must not look good because only stable's calls have ended so far. Whoever comes behind a call that
 * runs on waits for it, `giveUpMs` at most; then it counts as failed. Sessions are open for a while, and
 * what comes after that is theirs no more: each is one unit, however long it talks.
 */
export class Units {
  private readonly times: UnitTimes;
  private readonly take: (unit: Unit) => void;
  private readonly queue: Open[] = [];
  private readonly sessions = new Map<string, Open>();

  constructor(times: UnitTimes, take: (unit: Unit) => void) {
    this.times = times;
    this.take = take;
  }

  /** A call begins. Its end is told to what is given back, once; null: it says nothing of its arm. */
  begin(
    unit: Omit<Unit, "calls">,
    now: number,
  ): (facts: CallFacts | null, endedAt: number) => void {
    const open = this.openFor(unit, now);
    if (!open) return () => undefined;
    open.running += 1;
    let isOver = false;
    return (facts, endedAt) => {
      if (isOver) return;
      isOver = true;
      open.running -= 1;
      if (facts) open.calls.push(facts);
      this.flush(endedAt);
    };
  }

  /** Hands on what is whole by now. */
  flush(now: number): void {
    for (let first = this.queue[0]; first; first = this.queue[0]) {
      const isLate = now - first.since >= this.giveUpMs(first);
      if (!isLate && (first.running > 0 || this.isTalking(first, now))) return;
      this.queue.shift();
      const { arm, probability, key, calls, running } = first;
      if (running > 0) calls.push(GIVEN_UP);
      if (calls.length > 0) this.take({ arm, probability, key, calls });
    }
  }

  /** Forgets all: another rollout begins. */
  clear(): void {
    this.queue.length = 0;
    this.sessions.clear();
  }

  private openFor(unit: Omit<Unit, "calls">, now: number): Open | undefined {
    const { key } = unit;
    const known = key === undefined ? undefined : this.sessions.get(key);
    // At a step a session may go over to the candidate: what it says from then on is no unit's.
    if (known) return this.isTalking(known, now) && known.arm === unit.arm ? known : undefined;
    const open: Open = { ...unit, since: now, calls: [], running: 0 };
    this.queue.push(open);
    if (key !== undefined) this.remember(key, open);
    return open;
  }

  private remember(key: string, open: Open): void {
    const [oldest] = this.sessions.keys();
    if (this.sessions.size >= MOST_SESSIONS && oldest !== undefined) this.sessions.delete(oldest);
    this.sessions.set(key, open);
  }

  private isTalking({ key, since }: Open, now: number): boolean {
    return key !== undefined && now - since < this.times.sessionMs;
  }

  private giveUpMs({ key }: Open): number {
    return this.times.giveUpMs + (key === undefined ? 0 : this.times.sessionMs);
  }
}

const MOST_SESSIONS = 100_000;

const GIVEN_UP: CallFacts = {
  failed: true,
  isValid: null,
  refused: false,
  guardHit: false,
  guardCritical: false,
  aborted: false,
  ttftMs: null,
  itlMs: null,
  outputTokens: null,
  costNanos: null,
  promptTokens: 0,
  cachedTokens: 0,
};
