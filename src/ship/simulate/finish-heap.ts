/** Running sequences: which ends first, and which came last. */
export class FinishHeap {
  /** A binary heap of pairs: the position at which a call ends, and the call. */
  private readonly pairs: number[] = [];
  /** The same pairs, the youngest last, among some that are over. */
  private ages: number[] = [];

  get size(): number {
    return this.pairs.length / 2;
  }

  /** Where the first ends; Infinity while nobody runs. */
  get firstPosition(): number {
    return this.pairs[0] ?? Infinity;
  }

  add(position: number, call: number): void {
    this.ages.push(position, call);
    if (this.ages.length > 4 * this.pairs.length + 256) this.forgetOver();
    this.pairs.push(position, call);
    this.rise(this.pairs.length - 2);
  }

  /** The call that ends first. Only while somebody runs. */
  takeFirst(): number {
    const call = this.pairs[1] ?? -1;
    this.removeAt(0);
    return call;
  }

  /** Takes out who was added last. Throws where nobody runs. */
  takeYoungest(): { readonly call: number; readonly position: number } {
    for (;;) {
      const call = this.ages.pop();
      const position = this.ages.pop();
      if (call === undefined || position === undefined) throw new Error("nobody runs");
      const at = this.find(position, call);
      if (at === -1) continue;
      this.removeAt(at);
      return { call, position };
    }
  }

  private find(position: number, call: number): number {
    for (let at = 0; at < this.pairs.length; at += 2) {
      if (this.pairs[at + 1] === call && this.pairs[at] === position) return at;
    }
    return -1;
  }

  private forgetOver(): void {
    const live = new Map<number, number>();
    for (let at = 0; at < this.pairs.length; at += 2) {
      live.set(this.pairs[at + 1] ?? -1, this.pairs[at] ?? 0);
    }
    const kept: number[] = [];
    for (let at = 0; at < this.ages.length; at += 2) {
      const [position = 0, call = -1] = [this.ages[at], this.ages[at + 1]];
      if (live.get(call) === position) kept.push(position, call);
    }
    // Who is being added stands in `ages` alone.
    const newest = this.ages.slice(-2);
    this.ages = [...kept, ...newest];
  }

  private removeAt(at: number): void {
    const call = this.pairs.pop() ?? -1;
    const position = this.pairs.pop() ?? 0;
    if (at >= this.pairs.length) return;
    this.pairs[at] = position;
    this.pairs[at + 1] = call;
    this.sink(at);
    this.rise(at);
  }

  private rise(from: number): void {
    const { pairs } = this;
    const [position = 0, call = -1] = [pairs[from], pairs[from + 1]];
    let at = from;
    while (at > 0) {
      const parent = ((at / 2 - 1) >> 1) * 2;
      if ((pairs[parent] ?? 0) <= position) break;
      this.copy(parent, at);
      at = parent;
    }
    pairs[at] = position;
    pairs[at + 1] = call;
  }

  private sink(from: number): void {
    const { pairs } = this;
    const [position = 0, call = -1] = [pairs[from], pairs[from + 1]];
    let at = from;
    for (;;) {
      let child = 2 * at + 2;
      if (child >= pairs.length) break;
      if ((pairs[child + 2] ?? Infinity) < (pairs[child] ?? 0)) child += 2;
      if ((pairs[child] ?? 0) >= position) break;
      this.copy(child, at);
      at = child;
    }
    pairs[at] = position;
    pairs[at + 1] = call;
  }

  private copy(from: number, to: number): void {
    this.pairs[to] = this.pairs[from] ?? 0;
    this.pairs[to + 1] = this.pairs[from + 1] ?? 0;
  }
}
