const LIVE_SECONDS = 10;

/** Counts of the last seconds, one slot each. */
export function createRecent(now: () => number) {
  const slots = Array.from({ length: LIVE_SECONDS + 1 }, () => ({
    second: 0,
    calls: 0,
    tokens: 0,
  }));

  return {
    add(tokens: number): void {
      const second = Math.floor(now() / 1000);
      const slot = slots[second % slots.length];
      if (!slot) return;
      if (slot.second !== second) Object.assign(slot, { second, calls: 0, tokens: 0 });
      slot.calls += 1;
      slot.tokens += tokens;
    },
    rates(): { callsPerSecond: number; outputTokensPerSecond: number } {
      const second = Math.floor(now() / 1000);
      const fresh = slots.filter((slot) => slot.second >= second - LIVE_SECONDS);
      const total = (field: "calls" | "tokens") =>
        fresh.reduce((sum, slot) => sum + slot[field], 0);
      return {
        callsPerSecond: total("calls") / LIVE_SECONDS,
        outputTokensPerSecond: total("tokens") / LIVE_SECONDS,
      };
    },
  };
}
