/** A slot as the placement sees it: what its part of the KV cache holds, and whether it is taken. */
export interface SlotView {
  readonly busy: boolean;
  /** The tokens whose keys and values the cache holds, in order. */
  readonly cached: readonly number[];
  /** A counter: higher is more recent. */
  readonly lastUsed: number;
}

export interface Placement {
  readonly slot: number;
  /** How many tokens of the prompt need not be computed again. */
  readonly reused: number;
  /** Take the cache's content from this slot first. */
  readonly copyFrom: number | undefined;
}

export interface Costs {
  readonly tokenMs: number;
  /** Of copying one slot's whole cache to another. */
  readonly copyMs: number;
}

/**
 * A gap between running slots splits every batch in two, because llama.cpp merges only neighbouring
 * sequences; this many reused tokens are worth one gap.
 */
const GAP_TOKENS = 32;

/**
 * Where a prompt is computed: the free slot that saves most, by its own prefix or by a copy of
 * another slot's; among equals the one that leaves no gap between running slots, then the one unused
 * for longest, so that other conversations keep their cache. Undefined when no slot is free.
 */
export function placePrompt(
  prompt: readonly number[],
  slots: readonly SlotView[],
  costs: Costs,
): Placement | undefined {
  // The last token is always computed: its logits are what the answer starts from.
  const most = prompt.length - 1;
  const prefixes = slots.map(({ cached }) => Math.min(most, commonPrefix(prompt, cached)));
  const source = prefixes.indexOf(Math.max(...prefixes));
  const longest = prefixes[source] ?? 0;
  const gaps = gapsAfter(slots);
  let best: (Placement & { score: number; lastUsed: number }) | undefined;
  for (const [slot, { busy, lastUsed }] of slots.entries()) {
    if (busy) continue;
    const own = prefixes[slot] ?? 0;
    const copies = slot !== source && (longest - own) * costs.tokenMs > costs.copyMs;
    const saved = copies ? longest - costs.copyMs / costs.tokenMs : own;
    const score = saved - GAP_TOKENS * (gaps[slot] ?? 0);
    const better =
      !best || score > best.score || (score === best.score && lastUsed < best.lastUsed);
    const reused = copies ? longest : own;
    if (better) best = { slot, reused, copyFrom: copies ? source : undefined, score, lastUsed };
  }
  return best && { slot: best.slot, reused: best.reused, copyFrom: best.copyFrom };
}

/** How many tokens two lists have in common from the start. */
export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}

/** For each slot: how many separate groups of busy slots there would be if it were busy too. */
function gapsAfter(slots: readonly SlotView[]): number[] {
  return slots.map((_, taken) => {
    let groups = 0;
    for (const [slot, { busy }] of slots.entries()) {
      const isBusy = busy || slot === taken;
      const follows = slot > 0 && (slots[slot - 1]?.busy === true || slot - 1 === taken);
      if (isBusy && !follows) groups++;
    }
    return groups;
  });
}
