import type { Baseline } from "./baseline.ts";

/** What is known of one call of an arm when it is over. Absent or null: it had nothing of the kind. */
export interface CallFacts {
  /** The first attempt failed, whoever answered in the end. */
  readonly failed: boolean;
  /** Whether JSON that was asked for, or a tool call, was well formed; null: neither was asked for. */
  readonly isValid: boolean | null;
  readonly refused: boolean;
  /** The guard acted on the answer. */
  readonly guardHit: boolean;
  /** The guard stopped the answer. */
  readonly guardCritical: boolean;
  /** The client left before the end. */
  readonly aborted: boolean;
  /** Milliseconds to the first content of a streamed answer, and between its tokens. */
  readonly ttftMs: number | null;
  readonly itlMs: number | null;
  readonly outputTokens: number | null;
  readonly costNanos: number | null;
  /** The call's id, for whoever judges it. */
  readonly id?: string | undefined;
  readonly promptTokens: number;
  readonly cachedTokens: number;
}

/** A value of a call that is compared with stable's own earlier ones. */
export type ValueName = "ttft" | "itl" | "length" | "cost";

/** What an operator tolerates, by the words of `tolerate:`; 0.2 is a fifth worse. */
export type Tolerances = Readonly<Record<ToleranceName, number>>;
export const TOLERANCES = {
  errors: 0,
  schema: 0,
  refusals: 0.25,
  guard: 0.25,
  aborts: 0.25,
  ttft: 0.2,
  itl: 0.2,
  length: 0.3,
  cost: 0.15,
  judge: 0.1,
} as const;
export type ToleranceName = keyof typeof TOLERANCES;

interface MarkKind {
  readonly name: string;
  readonly tolerance: ToleranceName;
  /** The share of α that it gets. Errors get more than half: they are rare, and worst. */
  readonly weight: number;
  /** At the last step a candidate's units may carry it so often, whatever stable's do. */
  readonly floor: number;
  /** A share of calls, or a value's quantile of stable: above it a call is marked, or below. */
  readonly of:
    | ((call: CallFacts) => boolean | null)
    | { readonly value: ValueName; readonly quantile: number; readonly side: "above" | "below" };
}

/** Every mark there is; each is bad. The weights come to 1. */
export const MARKS: readonly MarkKind[] = [
  { name: "errors", tolerance: "errors", weight: 0.62, floor: 0.01, of: (call) => call.failed },
  {
    name: "schema",
    tolerance: "schema",
    weight: 0.06,
    floor: 0.01,
    of: (call) => call.isValid === false,
  },
  {
    name: "refusals",
    tolerance: "refusals",
    weight: 0.05,
    floor: 0.02,
    of: (call) => call.refused,
  },
  { name: "guard", tolerance: "guard", weight: 0.04, floor: 0.01, of: (call) => call.guardHit },
  { name: "aborts", tolerance: "aborts", weight: 0.02, floor: 0.03, of: (call) => call.aborted },
  quantileMark("ttft.p50", { weight: 0.04, floor: 0.75, value: "ttft", quantile: 0.5 }),
  quantileMark("ttft.p95", { weight: 0.04, floor: 0.1, value: "ttft", quantile: 0.95 }),
  quantileMark("itl.p95", { weight: 0.03, floor: 0.1, value: "itl", quantile: 0.95 }),
  quantileMark("length.p95", { weight: 0.02, floor: 0.1, value: "length", quantile: 0.95 }),
  quantileMark("length.p5", { weight: 0.02, floor: 0.1, value: "length", quantile: 0.05 }),
  quantileMark("cost.p90", { weight: 0.02, floor: 0.18, value: "cost", quantile: 0.9 }),
  // Pairs alone tell of it: `Book`.
  { name: "judge", tolerance: "judge", weight: 0.04, floor: 0.6, of: () => null },
];

function quantileMark(
  name: string,
  { weight, floor, value, quantile }: Omit<MarkKind, "of" | "name" | "tolerance"> & Quantile,
): MarkKind {
  const side = quantile < 0.5 ? "below" : "above";
  return { name, tolerance: value, weight, floor, of: { value, quantile, side } };
}

interface Quantile {
  readonly value: ValueName;
  readonly quantile: number;
}

/** The quantiles that marks ask of stable's values. */
export const QUANTILES: readonly Quantile[] = MARKS.flatMap(({ of }) =>
  typeof of === "function" ? [] : [of],
);

/** How fast an answer comes says nothing while a replica is still cold. */
const LATENCY: ReadonlySet<ValueName> = new Set(["ttft", "itl"]);

export interface MarkAsk {
  readonly isCandidate: boolean;
  /** Absent: nobody asked what is tolerated. */
  readonly tolerances: Tolerances;
  readonly baseline: Pick<Baseline, "limit">;
  /** Latency is left out: the replica is cold, or it answers a copy beside its stable one. */
  readonly isCold: boolean;
}

/**
 * The marks of a unit: it has one if any of its calls has. A mark whose limit nobody knows yet is left
 * out. A tolerated difference is taken from the candidate's values before they are compared: with 20 % its
 * first token may come a fifth later than stable's, and then it is marked just as often.
 */
export function marksOf(calls: readonly CallFacts[], ask: MarkAsk): Record<string, boolean> {
  const marks: Record<string, boolean> = {};
  for (const kind of MARKS) {
    let isMarked: boolean | undefined;
    for (const call of calls) {
      const found = markOf(kind, call, ask);
      if (found !== undefined) isMarked = (isMarked ?? false) || found;
    }
    if (isMarked !== undefined) marks[kind.name] = isMarked;
  }
  return marks;
}

function markOf({ of, tolerance }: MarkKind, call: CallFacts, ask: MarkAsk): boolean | undefined {
  if (typeof of === "function") return of(call) ?? undefined;
  if (ask.isCold && LATENCY.has(of.value)) return undefined;
  const value = valueOf(call, of.value);
  // Not late, not long, not dear: it has no such thing.
  if (value === null) return false;
  const limit = ask.baseline.limit(call, of.value, of.quantile);
  if (limit === undefined) return undefined;
  const slack = ask.isCandidate ? 1 + ask.tolerances[tolerance] : 1;
  return of.side === "above" ? value / slack > limit : value * slack < limit;
}

/** One of a call's values. */
export function valueOf(call: CallFacts, name: ValueName): number | null {
  const { ttftMs, itlMs, outputTokens, costNanos } = call;
  return { ttft: ttftMs, itl: itlMs, length: outputTokens, cost: costNanos }[name];
}
