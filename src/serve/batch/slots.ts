/** So many may run at a time; the others wait their turn, first come, first served. */
export class Slots {
  private readonly size: () => number;
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  constructor(size: () => number) {
    this.size = size;
  }

  /** Resolves once there is room. Each is given back with `release`, exactly once. */
  async take(): Promise<void> {
    if (this.taken < this.size()) {
      this.taken += 1;
      return;
    }
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
    });
  }

  release(): void {
    this.taken -= 1;
    while (this.taken < this.size()) {
      const next = this.waiting.shift();
      if (!next) return;
      this.taken += 1;
      next();
    }
  }
}
