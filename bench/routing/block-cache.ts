/** Prompts in the public traces are named in blocks of so many tokens. */
export const BLOCK_TOKENS = 512;

/** An engine's prefix cache: blocks that somebody holds stay, the others go when room is short. */
export class BlockCache {
  /** How many hold a block; those that nobody holds in the order of use, the oldest first. */
  private readonly holders = new Map<number, number>();
  private held = 0;

  get heldTokens(): number {
    return this.held * BLOCK_TOKENS;
  }

  /** Holds the blocks that are there, from the first to the first gap, and returns them. */
  hold(blocks: readonly number[]): readonly number[] {
    const gap = blocks.findIndex((block) => !this.holders.has(block));
    const hits = gap === -1 ? blocks : blocks.slice(0, gap);
    for (const block of hits) this.take(block);
    return hits;
  }

  /**
   * All of `blocks` are computed now; the first of them, `hits`, are held already. Returns how many
   * further ones there were: they are no longer their sequence's own.
   */
  holdMore(hits: readonly number[], blocks: readonly number[]): number {
    for (let at = hits.length; at < blocks.length; at++) {
      const block = blocks[at];
      if (block !== undefined) this.take(block);
    }
    return blocks.length - hits.length;
  }

  release(blocks: readonly number[]): void {
    // From the end: the beginning, which more prompts share, is the last to go.
    for (const block of blocks.toReversed()) {
      const count = (this.holders.get(block) ?? 0) - 1;
      this.holders.delete(block);
      this.holders.set(block, Math.max(0, count));
      if (count === 0) this.held -= 1;
    }
  }

  /** Lets the longest unused go until no more than `tokens` are kept, but nothing that is held. */
  shrinkTo(tokens: number): void {
    if (this.holders.size * BLOCK_TOKENS <= tokens) return;
    for (const [block, count] of this.holders) {
      if (this.holders.size * BLOCK_TOKENS <= tokens) return;
      if (count === 0) this.holders.delete(block);
    }
  }

  private take(block: number): void {
    const count = this.holders.get(block) ?? 0;
    if (count === 0) this.held += 1;
    this.holders.set(block, count + 1);
  }
}
