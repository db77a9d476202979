const KEPT = 256;
const EVERY = 32;
/** Fewer say nothing of what is slow. */
const LEAST = 20;

/** How long a model's first contents take, at their 95th percentile of the last few hundred. */
export class SlowFirst {
  private readonly times: number[] = [];
  private next = 0;
  private sinceSorted = 0;
  private p95Ms: number | undefined;

  add(ms: number): void {
    this.times[this.next] = ms;
    this.next = (this.next + 1) % KEPT;
    this.sinceSorted += 1;
    if (this.times.length < LEAST || (this.sinceSorted < EVERY && this.p95Ms !== undefined)) return;
    this.sinceSorted = 0;
    const sorted = this.times.toSorted((a, b) => a - b);
    this.p95Ms = sorted[Math.floor(sorted.length * 0.95)];
  }

  /** Undefined while too little is known. */
  get ms(): number | undefined {
    return this.p95Ms;
  }
}
