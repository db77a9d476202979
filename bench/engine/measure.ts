/** One stream of an answer as its client saw it, in milliseconds. */
export interface Stream {
  readonly startedAt: number;
  readonly tokenAt: readonly number[];
}

/** Something that generates: our engine or its peer. The prompt is sent as it is. */
export interface System {
  readonly name: string;
  /** Runs one completion of exactly `tokens` tokens and notes when each event came. */
  complete(prompt: string, tokens: number, onToken?: () => void): Promise<Stream>;
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

export interface Interference {
  /** Between tokens of the running stream, from the newcomer's call to its first token. */
  readonly worstGapMs: number;
  readonly newcomerTtftMs: number;
}

/** A stream is running when somebody comes with a long prompt. */
export async function measureInterference(
  system: System,
  { promptTokens, label }: { promptTokens: number; label: string },
): Promise<Interference> {
  const newcomerPrompt = `${label} asks at length: `.padEnd(promptTokens, "so many words ");
  let newcomer: Promise<Stream> | undefined;
  let seen = 0;
  const running = await system.complete(promptOf(label), 200, () => {
    if (++seen === 8) newcomer = system.complete(newcomerPrompt, 1);
  });
  const { startedAt, tokenAt } = (await newcomer) ?? { startedAt: 0, tokenAt: [] };
  const firstAt = tokenAt[0] ?? NaN;
  const gaps = running.tokenAt
    .map((at, index) => [running.tokenAt[index - 1] ?? at, at] as const)
    .filter(([from, to]) => to >= startedAt && from <= firstAt)
    .map(([from, to]) => to - from);
  return { worstGapMs: Math.max(...gaps), newcomerTtftMs: firstAt - startedAt };
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
