import { BLOCK_TOKENS } from "./trace.ts";

/** Which blocks of prompts an engine still has: those used last, as many as it has room for. */
export class PrefixCache {
  private readonly most: number;
  /** In the order of their last use. */
  private readonly blocks = new Set<number>();

  constructor(kvTokens: number) {
    this.most = Math.floor(kvTokens / BLOCK_TOKENS);
  }

  /** A prompt comes: returns how many tokens of its beginning need no reading, and keeps all of it. */
  use(prompt: readonly number[]): number {
    const gap = prompt.findIndex((block) => !this.blocks.has(block));
    const hits = gap === -1 ? prompt.length : gap;
    // From the end: the beginning, which more prompts share, is the last to go.
    for (const block of prompt.toReversed()) {
      this.blocks.delete(block);
      this.blocks.add(block);
    }
    for (const block of this.blocks) {
      if (this.blocks.size <= this.most) break;
      this.blocks.delete(block);
    }
    return hits * BLOCK_TOKENS;
  }
}
