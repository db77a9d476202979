const SECONDS = 10;
/** So few retries multiply nobody's load. */
const ALWAYS = 100;

/**
 * How many attempts beyond their first a model's calls may make: a share of the calls of the last
 * ten seconds. Failing targets must not multiply the load on those that are left.
 */
export class RetryBudget {
  private readonly calls = new Int32Array(SECONDS);
  private readonly retries = new Int32Array(SECONDS);
  private second = 0;

  called(now: number): void {
    this.turn(now);
    this.calls[this.second % SECONDS] = (this.calls[this.second % SECONDS] ?? 0) + 1;
  }

  /** Takes one retry; false where none is left. */
  take(now: number, share: number, always = ALWAYS): boolean {
    this.turn(now);
    if (sum(this.retries) >= always + share * sum(this.calls)) return false;
    this.retries[this.second % SECONDS] = (this.retries[this.second % SECONDS] ?? 0) + 1;
    return true;
  }

  /** Empties the slots of the seconds that have come since. */
  private turn(now: number): void {
    const second = Math.floor(now / 1000);
    const first = Math.max(this.second + 1, second - SECONDS + 1);
    for (let passed = first; passed <= second; passed++) {
      this.calls[passed % SECONDS] = 0;
      this.retries[passed % SECONDS] = 0;
    }
    this.second = Math.max(second, this.second);
  }
}

function sum(slots: Int32Array): number {
  let total = 0;
  for (const slot of slots) total += slot;
  return total;
}
