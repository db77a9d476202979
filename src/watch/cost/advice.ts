import { type Nanos, formatDollars } from "../../core/money.ts";
import type { Run } from "../../core/run.ts";
import type { CostRow } from "./cost-report.ts";
import type { ListedModel } from "./price-list.ts";
import { costAt } from "./rates.ts";

/** What would make the dearest prompts, endpoints and models cheaper, and by how much. Pure. */

export const ADVISED = ["promptVersion", "route", "model"] as const;
export type Advised = (typeof ADVISED)[number];

export interface Advice {
  readonly kind: "cache" | "shorter_answers" | "cheaper_model";
  readonly dimension: Advised;
  readonly value: string;
  /** What it cost in the window, and what of it could be saved. */
  readonly costNanos: Nanos;
  readonly savingNanos: Nanos;
  readonly advice: string;
  /** How the saving was worked out, with the figures in it. */
  readonly arithmetic: string;
  /** Of a cheaper model. */
  readonly model: string | null;
}

/** What was paid for inputs that had been answered before in the window. */
export interface Repeats {
  /** Runs that were looked at. */
  readonly runs: number;
  readonly by: Readonly<Record<Advised, ReadonlyMap<string, Repeated>>>;
}

interface Repeated {
  readonly count: number;
  readonly costNanos: Nanos;
}

/** Answers that are so much shorter are often as good; the advice says that it is an assumption. */
const SHORTER = 0.25;
/** Of a cost, what answers must make up before shorter ones are worth a word. */
const LEAST_OUTPUT_SHARE = 0.3;
/** Of a cost, what must be saved. */
const LEAST_SAVING = 0.02;
const DEAREST = 5;
/** Another model is worth a look where it costs between these shares of what is paid now. */
const CHEAPER = { from: 0.02, to: 0.7 };
const MOST_MODELS = 2;
/** They do something else than answer in text. */
const SPECIAL = /audio|realtime|image|tts|transcribe|search|embed|moderation|guard|vision|live/i;

/** Equal inputs of a model, by the beginning of their text that is kept; each first answer had to be paid. */
export function repeatsOf(runs: readonly Run[]): Repeats {
  const seen = new Set<string>();
  const by = { promptVersion: new Map(), route: new Map(), model: new Map() } as Record<
    Advised,
    Map<string, { count: number; costNanos: Nanos }>
  >; // as it stands here
  // The first one is the oldest; lists have the newest first.
  for (const run of runs.toReversed()) {
    if (run.inputPreview === null || run.isCovered || !run.costNanos) continue;
    const input = `${run.tenantId}\0${run.model ?? ""}\0${run.inputPreview}`;
    if (!seen.has(input)) {
      seen.add(input);
      continue;
    }
    for (const dimension of ADVISED) {
      const value = run[dimension] ?? "";
      const sum = by[dimension].get(value) ?? { count: 0, costNanos: 0 };
      by[dimension].set(value, {
        count: sum.count + 1,
        costNanos: sum.costNanos + run.costNanos * run.weight,
      });
    }
  }
  return { runs: runs.length, by };
}

/** What is said of the dearest values of a dimension. */
export function adviceFor(
  dimension: Advised,
  rows: readonly CostRow[],
  repeats: Repeats,
): Advice[] {
  return dearest(rows).flatMap((row) => {
    const value = row.values[0] ?? "";
    const repeated = repeats.by[dimension].get(value);
    return [
      ...(repeated ? [cacheAdvice(dimension, row, repeated, repeats.runs)] : []),
      ...shorterAdvice(dimension, row),
    ].filter(isWorthIt);
  });
}

function dearest(rows: readonly CostRow[]): CostRow[] {
  return rows
    .filter(({ values, costNanos }) => values[0] !== "" && costNanos > 0)
    .toSorted((a, b) => b.costNanos - a.costNanos)
    .slice(0, DEAREST);
}

function isWorthIt({ savingNanos, costNanos }: Advice): boolean {
  return savingNanos > 0 && savingNanos >= costNanos * LEAST_SAVING;
}

function cacheAdvice(
  dimension: Advised,
  row: CostRow,
  { count, costNanos }: Repeated,
  runs: number,
): Advice {
  const savingNanos = Math.round(costNanos);
  return {
    ...about(dimension, row),
    kind: "cache",
    savingNanos,
    advice: "Turn on the answer cache: the same inputs are paid for again and again.",
    arithmetic: `Of ${runs} runs looked at, ${count} had the same input (by the beginning that is kept) as an earlier one of the model; they cost ${formatDollars(savingNanos)}.`,
  };
}

function shorterAdvice(dimension: Advised, row: CostRow): Advice[] {
  const { costNanos, outputCostNanos, perRequest } = row;
  if (outputCostNanos < costNanos * LEAST_OUTPUT_SHARE) return [];
  const savingNanos = Math.round(outputCostNanos * SHORTER);
  const mean = Math.round(perRequest.outputTokens);
  return [
    {
      ...about(dimension, row),
      kind: "shorter_answers",
      savingNanos,
      advice: "Ask for shorter answers, or set max_tokens: most of the money goes into them.",
      arithmetic: `Answers of ${mean} tokens on average cost ${formatDollars(outputCostNanos)} of ${formatDollars(costNanos)}; a quarter shorter: ${formatDollars(outputCostNanos)} × ${SHORTER} = ${formatDollars(savingNanos)}.`,
    },
  ];
}

function about(dimension: Advised, { values, costNanos }: CostRow) {
  return { dimension, value: values[0] ?? "", costNanos, model: null };
}

/** What the same tokens would cost at other models of the vendor. */
export function cheaperModels(
  row: CostRow,
  upstream: string,
  others: readonly ListedModel[],
): Advice[] {
  const vendor = upstream.includes("/") ? upstream.slice(0, upstream.indexOf("/") + 1) : "";
  return others
    .filter(({ model }) => model.startsWith(vendor) && !SPECIAL.test(model))
    .map((other) => ({ other, costNanos: costOfRow(row, other) }))
    .filter(
      ({ costNanos }) =>
        costNanos >= row.costNanos * CHEAPER.from && costNanos <= row.costNanos * CHEAPER.to,
    )
    .toSorted((a, b) => b.costNanos - a.costNanos)
    .slice(0, MOST_MODELS)
    .map(({ other, costNanos }) => {
      const savingNanos = row.costNanos - costNanos;
      return {
        ...about("model", row),
        kind: "cheaper_model" as const,
        model: other.model,
        savingNanos,
        advice: `Try ${other.model} on your own evaluation: where it does as well, it costs less.`,
        arithmetic: `${Math.round(row.requests)} requests of ${Math.round(row.perRequest.inputTokens)} tokens in and ${Math.round(row.perRequest.outputTokens)} out cost ${formatDollars(row.costNanos)}; at ${other.version} they cost ${formatDollars(costNanos)}: ${formatDollars(savingNanos)} less.`,
      };
    });
}

/** The tokens of a row at another price, as if each request were the average one. */
export function costOfRow(row: CostRow, { rates }: Pick<ListedModel, "rates">): Nanos {
  if (row.requests === 0) return 0;
  const { input, output } = costAt(rates, row.perRequest);
  return Math.round((input + output) * row.requests);
}
