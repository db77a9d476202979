/** One stream of an answer as its client saw it, in milliseconds. */
export interface Stream {
  readonly startedAt: number;
  readonly tokenAt: readonly number[];
}

/** Something that generates: our engine or its peer. The prompt is sent as it is. */
export interface System {
  readonly name: string;
  /** Runs one completion of exactly `tokens` tokens and notes when each event came. */
  complete(prompt: string, tokens: number): Promise<Stream>;
  close(): Promise<void>;
}

export interface Round {
  readonly tokensPerSecond: number;
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly itlP95Ms: number;
}

/** `streams` completions at once, each with a prompt of its own. */
export async function measureRound(
  system: System,
  { streams, tokens, label }: { streams: number; tokens: number; label: string },
): Promise<Round> {
  const startedAt = performance.now();
  const all = await Promise.all(
    Array.from({ length: streams }, (_, stream) =>
      system.complete(promptOf(`${label} ${stream}`), tokens),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const gaps = all.flatMap(({ tokenAt }) =>
    tokenAt.slice(1).map((at, index) => at - (tokenAt[index] ?? at)),
  );
  return {
    tokensPerSecond: (streams * tokens) / seconds,
    ttftMs: median(all.map(({ startedAt, tokenAt }) => (tokenAt[0] ?? NaN) - startedAt)),
    itlMs: median(gaps),
    itlP95Ms: quantile(gaps, 0.95),
  };
}

/** About 130 tokens: the byte vocabulary makes every letter one. Distinct from its first letter on. */
function promptOf(label: string): string {
  return `${label} asks: ${"what do you know of rivers and weirs? ".repeat(4)}`.slice(0, 131);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Between two values in proportion, as spreadsheets do. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}
