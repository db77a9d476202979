/**
 * Holds answers back until what they promise is on the disk itself. Whoever comes while a sync is due is
 * brought there by the same one.
 */
export class GroupCommit {
  private readonly sync: () => void;
  private readonly soon: (action: () => void) => void;
  private waiting: PromiseWithResolvers<void> | undefined;

  constructor(sync: () => void, soon: (action: () => void) => void) {
    this.sync = sync;
    this.soon = soon;
  }

  /** Resolves after the next sync; rejects with what the disk said. */
  committed(): Promise<void> {
    if (!this.waiting) {
      this.waiting = Promise.withResolvers();
      this.soon(() => this.run());
    }
    return this.waiting.promise;
  }

  private run(): void {
    const { waiting } = this;
    this.waiting = undefined;
    try {
      this.sync();
      waiting?.resolve();
    } catch (cause) {
      waiting?.reject(cause);
    }
  }
}
