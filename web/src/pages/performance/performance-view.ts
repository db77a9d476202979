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

/** What the page's address says. */
export interface View extends Split {
  readonly window: FigureWindow;
  readonly kind: Kind;
}

export const FIRST_VIEW: View = { window: "1h", kind: "llm", ...BY_MODEL };

export function fromSearch(search: string): View {
  const params = new URLSearchParams(search);
  return {
    window: WINDOW_NAMES.find(([name]) => name === params.get("window"))?.[0] ?? FIRST_VIEW.window,
    kind: KINDS.find(([name]) => name === params.get("kind"))?.[0] ?? FIRST_VIEW.kind,
    ...splitFrom(params),
  };
}

export function toSearch({ window, kind, ...split }: View): string {
  const params = new URLSearchParams();
  if (window !== FIRST_VIEW.window) params.set("window", window);
  if (kind !== FIRST_VIEW.kind) params.set("kind", kind);
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
  return params.toString();
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
