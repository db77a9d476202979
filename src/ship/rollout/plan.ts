import type { EvidenceRules } from "./evidence.ts";
import { MARKS, type ToleranceName, type Tolerances } from "./marks.ts";

/** What a rollout is to do, as its journal keeps it: plain data, complete without weir.yaml. */
export interface RolloutPlan {
  /** Of this candidate against this stable: the same configuration finds its rollout again. */
  readonly id: string;
  readonly model: string;
  /** The candidate and stable in an operator's words. */
  readonly candidate: string;
  readonly stable: string;
  readonly stages: readonly Stage[];
  readonly falseRollback: number;
  readonly tolerate: Tolerances;
  readonly promote: {
    /** A candidate that is worse than stable by this factor is promoted with at most the probability `risk`. */
    readonly missWorseThan: number;
    readonly risk: number;
    /** The most units of the candidate's, and the longest time, before it is called inconclusive. */
    readonly maxExposed: number;
    readonly maxDurationMs: number;
    readonly onInconclusive: "hold" | "promote";
  };
  readonly never: {
    /** So many failures of the candidate in a row, while stable answers. */
    readonly consecutiveErrors: number;
    /** So often its engine may die. */
    readonly crashLoops: number;
    /** So many of its answers may be stopped by the guard, while none of stable's is. */
    readonly guardCritical: number;
  };
  /** Latency is not judged so long after the start. */
  readonly warmUpMs: number;
  /** What is judged: marks by the names that tolerances have. */
  readonly marks: readonly ToleranceName[];
  /** The most calls that a judge may be asked to score, half of them stable's. */
  readonly judgeBudget: number;
}

export type Stage =
  | { readonly kind: "shadow"; readonly pairs: number }
  | { readonly kind: "share"; readonly share: number };

/** What the evidence of a plan is judged by. */
export function evidenceRules(plan: RolloutPlan): EvidenceRules {
  const { missWorseThan, risk } = plan.promote;
  // What is not judged gets no share of the bound.
  const kinds = MARKS.filter(({ tolerance }) => plan.marks.includes(tolerance));
  const all = kinds.reduce((sum, { weight }) => sum + weight, 0);
  return {
    falseRollback: plan.falseRollback,
    falsePromotion: risk,
    steps: shares(plan).map((share) => allowedRatio(share, missWorseThan)),
    marks: kinds.map(({ name, weight, floor, tolerance, of }) => {
      const isTakenOff = typeof of !== "function" || tolerance === "judge";
      return {
        name,
        weight: weight / all,
        floor,
        // What is tolerated of a value is taken from the value itself: `marksOf`, `Book`.
        tolerance: isTakenOff ? 0 : plan.tolerate[tolerance],
        isAwaited: true,
      };
    }),
  };
}

/** The shares of the steps that users see, in order. */
export function shares({ stages }: RolloutPlan): number[] {
  return stages.flatMap((stage) => (stage.kind === "share" ? [stage.share] : []));
}

/**
 * How much worse a candidate may still be that leaves the step of this share: the fewer see it, the
 * coarser the question. At half of the traffic it is `missWorseThan`, at 1 % some twelve times that.
 */
function allowedRatio(share: number, missWorseThan: number): number {
  return missWorseThan * Math.max(1, (0.5 / share) ** 0.65);
}
