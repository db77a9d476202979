import { at, isRecord } from "../../api/json.ts";

/** When the tokens of a run's answer came, in milliseconds after its start. */
export function tokenTimes(startAt: number, events: unknown): number[] {
  if (!Array.isArray(events)) return [];
  return events
    .filter((event) => isRecord(event) && event["name"] === "new_token")
    .map((event) => timeOf(at(event, "time")) - startAt)
    .filter((ms) => Number.isFinite(ms) && ms >= 0)
    .toSorted((a, b) => a - b);
}

/** LangSmith's SDKs write times as ISO texts, without a zone where they mean UTC. */
function timeOf(time: unknown): number {
  if (typeof time === "number") return time;
  if (typeof time !== "string") return Number.NaN;
  return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`);
}

export interface TokenFacts {
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Between two tokens, at the middle and at the longest. */
  readonly middleMs: number | null;
  readonly longestMs: number | null;
}

export function tokenFacts(times: readonly number[]): TokenFacts | null {
  const [first] = times;
  const last = times.at(-1);
  if (first === undefined || last === undefined) return null;
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const sorted = gaps.toSorted((a, b) => a - b);
  return {
    count: times.length,
    firstMs: first,
    lastMs: last,
    middleMs: sorted[Math.floor(sorted.length / 2)] ?? null,
    longestMs: sorted.at(-1) ?? null,
  };
}
