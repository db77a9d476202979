import type { Limits } from "./baseline.ts";
import type { CallFacts } from "./marks.ts";
import type { RolloutPlan } from "./plan.ts";

/**
 * All that ever happened to a rollout, one entry a line: its state is what comes of them in order, so a
 * process that was killed goes on where it was, and anybody may judge anew. `at` is epoch milliseconds,
 * for readers: nothing is decided by it.
 */
export type Entry = { readonly at: number } & (
  | { readonly kind: "begun"; readonly plan: RolloutPlan }
  | {
      readonly kind: "unit";
      readonly isCandidate: boolean;
      readonly probability: number;
      readonly key?: string | undefined;
      readonly isCold: boolean;
      readonly calls: readonly CallFacts[];
    }
  | { readonly kind: "pair"; readonly stable: CallFacts; readonly candidate: CallFacts }
  /** What a judge thinks of a call of each side, 0 to 1. */
  | { readonly kind: "judged"; readonly stable: number; readonly candidate: number }
  /** The quantiles of stable's traffic from here on. */
  | { readonly kind: "limits"; readonly limits: Limits }
  /** Stable's units that nothing was compared with, and how long the rollout has run. */
  | { readonly kind: "time"; readonly elapsedMs: number; readonly outside: number }
  /** The candidate's engine died so often more. */
  | { readonly kind: "crash"; readonly count: number }
  | { readonly kind: "phase"; readonly phase: Phase; readonly stage: number; readonly why: string }
  | { readonly kind: "pause"; readonly isPaused: boolean; readonly by: string }
);

/** `running` in the stage that is named. */
export type Phase = "running" | "promoted" | "rolled-back" | "inconclusive";

/** One entry without its time: who writes it down adds that. */
export type News<One = Entry> = One extends unknown ? Omit<One, "at"> : never;
