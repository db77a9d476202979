import type { DimensionName } from "../../parts/dimensions.ts";
import { spanOf, WINDOW_NAMES, type FigureWindow } from "../../parts/figure-window.ts";
import { BY_MODEL, putSplit, splitFrom, type Split } from "../../parts/split.ts";

/** Which runs are measured; those of models unless asked otherwise: a chain's time is its steps'. */
export const KINDS = [
  ["llm", "Model calls"],
  ["all", "All runs"],
  ["chain", "Chains"],
  ["tool", "Tools"],
  ["retriever", "Retrievers"],
  ["embedding", "Embeddings"],
] as const;
type Kind = (typeof KINDS)[number][0];

/** What the charts' lines are: percentiles of all runs, or one of each value of the split. */
const EACH = ["p50", "p95", "p99", "mean"] as const;
type Each = (typeof EACH)[number];
export const LINES = [
  ["all", "Of all together"],
  ["p50", "p50 of each value"],
  ["p95", "p95 of each value"],
  ["p99", "p99 of each value"],
  ["mean", "Mean of each value"],
] as const satisfies readonly (readonly ["all" | Each, string])[];

/** Values with a line of their own; the others are one. */
const MOST_LINES = 8;

/** What the page's address says. */
export interface View extends Split {
  readonly window: FigureWindow;
  readonly kind: Kind;
  readonly lines: "all" | Each;
}

export const FIRST_VIEW: View = { window: "1h", kind: "llm", lines: "all", ...BY_MODEL };

export function fromSearch(search: string): View {
  const params = new URLSearchParams(search);
  return {
    window: WINDOW_NAMES.find(([name]) => name === params.get("window"))?.[0] ?? FIRST_VIEW.window,
    kind: KINDS.find(([name]) => name === params.get("kind"))?.[0] ?? FIRST_VIEW.kind,
    lines: EACH.find((name) => name === params.get("lines")) ?? FIRST_VIEW.lines,
    ...splitFrom(params),
  };
}

export function toSearch({ window, kind, lines, ...split }: View): string {
  const params = new URLSearchParams();
  if (window !== FIRST_VIEW.window) params.set("window", window);
  if (kind !== FIRST_VIEW.kind) params.set("kind", kind);
  if (lines !== FIRST_VIEW.lines) params.set("lines", lines);
  putSplit(params, split);
  return params.toString();
}

function baseQuery({ window, kind, only }: View, now: number): URLSearchParams {
  const { from, to } = spanOf(window, now);
  const params = new URLSearchParams({ from: String(from), to: String(to) });
  if (kind !== "all") params.set("type", kind);
  if (only) params.set(only.dimension, only.value);
  return params;
}

/** The window as one figure. */
export function totalsQuery(view: View, now: number): string {
  return baseQuery(view, now).toString();
}

/** The window in its buckets. */
export function seriesQuery(view: View, now: number): string {
  const params = baseQuery(view, now);
  params.set("bucketMs", String(spanOf(view.window, now).bucketMs));
  if (view.lines !== "all") {
    params.set("by", view.by);
    params.set("top", String(MOST_LINES));
  }
  return params.toString();
}

/** A dimension that was chosen is drawn by its values, too. */
export function withSplit(view: View, split: Split): View {
  const isNew = split.by !== view.by && view.lines === "all";
  return { ...view, ...split, ...(isNew && { lines: "p95" }) };
}

/** The window by the values of a dimension. */
export function splitQuery(view: View, now: number): string {
  const params = baseQuery(view, now);
  params.set("by", view.by);
  return params.toString();
}

/** As the facets of runs take it. Null where they have no word for the one value. */
export function errorsQuery({ window, kind, only }: View, now: number): string | null {
  const params = new URLSearchParams({ from: String(spanOf(window, now).from), status: "error" });
  if (kind !== "all") params.set("type", kind);
  if (only === null) return params.toString();
  if (!FACETED.has(only.dimension) || only.value === "") return null;
  params.set(only.dimension, only.value);
  return params.toString();
}

const FACETED = new Set<DimensionName>([
  ...(["model", "target", "route", "user", "tenant", "project", "tag"] as const),
  ...(["type", "source", "thread", "name"] as const),
]);
