import type { Overhead } from "../../../../src/http/trace-schemas.ts";

type Stage = Overhead["stages"][number];

/** A logarithmic axis in whole powers of ten: stages differ by thousands. */
export interface Scale {
  /** Milliseconds, ascending, with both ends. */
  readonly ticks: readonly number[];
  /** Where a time lies, in percent of the axis. */
  readonly placeOf: (ms: number) => number;
}

const LEAST_MS = 0.001;

export function scaleOf(stages: readonly Stage[]): Scale {
  const times = stages.flatMap(({ ms }) => [ms.p50, ms.p99].filter((time) => time !== null));
  const powers = times.map((time) => Math.log10(Math.max(time, LEAST_MS)));
  const from = Math.floor(Math.min(...powers, -1));
  const to = Math.max(from + 1, Math.ceil(Math.max(...powers, -1)));
  return {
    ticks: Array.from({ length: to - from + 1 }, (_, step) => 10 ** (from + step)),
    placeOf: (ms) =>
      Math.max(0, Math.min(100, ((Math.log10(Math.max(ms, LEAST_MS)) - from) / (to - from)) * 100)),
  };
}
