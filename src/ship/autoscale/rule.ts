import type { Signals } from "./signals.ts";

/**
 * How many replicas a way of scaling asks for, before bounds, freezes and idle times are looked at.
 * `signals` hold sane numbers, and somebody is there: `ready + starting` is at least 1.
 */
export interface Rule {
  ask(signals: Signals): Asked;
}

export interface Asked {
  /** Whole, 0 or more. */
  readonly replicas: number;
  /** Half a sentence after "N replicas: ". */
  readonly why: string;
  readonly numbers: Readonly<Record<string, number>>;
}

/** What is there to work, now or soon. */
export function sizeOf({ replicas }: Signals): number {
  return replicas.ready + replicas.starting;
}
