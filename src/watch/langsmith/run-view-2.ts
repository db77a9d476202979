import type { KeptRun, Run } from "../../core/run.ts";
import { NANOS_PER_DOLLAR } from "../../core/money.ts";
import type { Wire } from "./run-fields.ts";
import {
  type Beside,
  appPath,
  completionDetails,
  errorOf,
  extraOf,
  keptAttachments,
  orderOf,
  parentsOf,
  promptDetails,
  statusWord,
} from "./run-view.ts";
import { wireTime } from "./wire-time.ts";

type Field = (kept: KeptRun, beside: Beside) => unknown;

const time = (at: number | null) => (at === null ? null : `${wireTime(at)}Z`);
const dollars = (nanos: number | null) => (nanos === null ? null : nanos / NANOS_PER_DOLLAR);

/** The fields of the second version's runs: words in upper case, times with a zone, costs in numbers. */
const FIELDS: Readonly<Record<string, Field>> = {
  id: ({ run }) => run.id,
  name: ({ run }) => run.name,
  run_type: ({ run }) => run.type.toUpperCase(),
  status: ({ run }) => statusWord(run.status).toUpperCase(),
  start_time: ({ run }) => time(run.at),
  end_time: ({ run }) => time(run.endAt),
  latency_seconds: ({ run }) => secondsOf(run.durationMs),
  first_token_time: ({ run }) => firstToken(run),
  error: (kept) => errorOf(kept),
  error_preview: ({ run }) => run.errorMessage,
  extra: (kept) => extraOf(kept),
  metadata: (kept) => extraOf(kept)["metadata"] ?? {},
  events: ({ payload }) => payload.events ?? [],
  inputs: ({ payload }) => payload.inputs ?? null,
  inputs_preview: ({ run }) => run.inputPreview,
  outputs: ({ payload }) => payload.outputs ?? null,
  outputs_preview: ({ run }) => run.outputPreview,
  manifest: ({ payload }) => payload.serialized ?? null,
  parent_run_id: ({ run }) => run.parentId,
  parent_run_ids: ({ run }) => parentsOf(run),
  project_id: ({ run }) => run.projectId,
  trace_id: ({ run }) => run.traceId,
  thread_id: ({ run }) => run.threadId,
  dotted_order: ({ run }) => orderOf(run),
  is_root: ({ run }) => run.parentId === null,
  reference_example_id: ({ run }) => run.referenceExampleId,
  reference_dataset_id: () => null,
  total_tokens: (_, { totals }) => totals.inputTokens + totals.outputTokens,
  prompt_tokens: (_, { totals }) => totals.inputTokens,
  completion_tokens: (_, { totals }) => totals.outputTokens,
  total_cost: (_, { totals }) => dollars(totals.costNanos),
  prompt_cost: (_, { totals }) => dollars(totals.inputCostNanos),
  completion_cost: (_, { totals }) => dollars(totals.outputCostNanos),
  prompt_token_details: (_, { totals }) => ({ raw: promptDetails(totals) }),
  completion_token_details: (_, { totals }) => ({ raw: completionDetails(totals) }),
  prompt_cost_details: () => ({ raw: {} }),
  completion_cost_details: () => ({ raw: {} }),
  price_model_id: ({ run }) => run.priceVersion,
  tags: ({ run }) => run.tags,
  app_path: ({ run }) => appPath(run),
  attachments: ({ payload }, { linkTo }) =>
    Object.fromEntries(keptAttachments(payload).map(({ name }) => [name, linkTo(name)])),
  thread_evaluation_time: () => null,
  is_in_dataset: ({ run }) => run.referenceExampleId !== null,
  last_queued_at: () => null,
  share_url: (_, { shareToken }) => (shareToken === undefined ? null : `/public/${shareToken}/r`),
  feedback_stats: (_, { feedbackStats }) => feedbackStats ?? {},
  ls_user_id: () => null,
};

/** Fields for which a run's texts must be read. */
const OF_TEXTS: ReadonlySet<string> = new Set([
  "attachments",
  "error",
  "events",
  "extra",
  "inputs",
  "manifest",
  "metadata",
  "outputs",
  // The classic reads' names.
  "serialized",
  "s3_urls",
]);

export function needsTexts(select: readonly string[]): boolean {
  return select.some((field) => OF_TEXTS.has(field));
}

/** Fields as they are selected, `FIRST_TOKEN_TIME`, in the names of the answer; `id` where there are none. */
export function selectOf(value: unknown): string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  const names = all.flatMap((one) => (typeof one === "string" ? one.toLowerCase().split(",") : []));
  return names.length === 0 ? ["id"] : names;
}

/** A run as the second version shows it: only what was selected. Unknown fields are left out. */
export function toSelectedRun(kept: KeptRun, beside: Beside, select: readonly string[]): Wire {
  return Object.fromEntries(
    select.flatMap((name) => {
      const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
      return field ? [[name, field(kept, beside)]] : [];
    }),
  );
}

export function secondsOf(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

function firstToken({ at, ttftMs }: Run): string | null {
  return ttftMs === null ? null : time(at + ttftMs);
}
