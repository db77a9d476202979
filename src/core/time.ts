/** Epoch milliseconds. Handed in wherever time is behaviour, so that tests own it. */
export type Clock = () => number;

/** Runs once, later; returns what prevents it. */
export type Later = (ms: number, run: () => void) => () => void;

/** Node's own timers. They do not keep a process alive that has nothing else to do. */
export const later: Later = (ms, run) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/;

/** Reads `250ms`, `30s`, `5m`, `12h`, `30d` into milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (!match) return undefined;
  const unit = match[2] as keyof typeof UNITS; // the pattern admits no other
  return Number(match[1]) * UNITS[unit];
}

/** Milliseconds for a reader: `85 ms`, `2.4 s`, `3 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Number((ms / 3_600_000).toFixed(1))} h`;
}
