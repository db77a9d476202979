import type { KeptRun, Run, RunPayload, RunStatus } from "../../core/run.ts";
import type { Wire } from "./run-fields.ts";
import { type Totals, decimalDollars } from "./totals.ts";
import { tenantUuid } from "./uuid.ts";
import { wireTime } from "./wire-time.ts";

/** What is known of a run beside the run itself. */
export interface Beside {
  readonly feedbackStats: Readonly<Record<string, Wire>> | undefined;
  /** Of the run and what is under it. */
  readonly totals: Totals;
  /** Where an attachment's bytes are got without a key. */
  readonly linkTo: (attachment: string) => string;
  readonly shareToken?: string | undefined;
}

/** LangSmith knows three words. */
export function statusWord(status: RunStatus): "success" | "error" | "pending" {
  return status === "success" || status === "pending" ? status : "error";
}

/** Ids of the runs above, root first. */
export function parentsOf({ dottedOrder, parentId, traceId }: Run): string[] {
  if (parentId === null) return [];
  const above = dottedOrder?.split(".").slice(0, -1) ?? [];
  if (above.length > 0) return above.map((segment) => segment.slice(-36));
  return traceId === parentId ? [parentId] : [traceId, parentId];
}

/** Clients sort by this key: a root has one that can be made. */
export function orderOf({ dottedOrder, parentId, at, id }: Run): string | null {
  if (dottedOrder !== null || parentId !== null) return dottedOrder;
  return `${wireTime(at).replaceAll(/[-:.]/g, "")}Z${id}`;
}

export function appPath({ tenantId, projectId, id, traceId, at }: Run): string {
  const query = `trace_id=${traceId}&start_time=${encodeURIComponent(wireTime(at))}`;
  return `/o/${tenantUuid(tenantId)}/projects/p/${projectId}/r/${id}?${query}`;
}

/** The run's own `extra`; for others the same words made from what we know. */
export function extraOf({ run, payload }: KeptRun): Wire {
  if (typeof payload.extra === "object" && payload.extra !== null) return payload.extra as Wire; // JSON
  return {
    metadata: {
      ...run.metadata,
      ...(run.model !== null && { ls_model_name: run.model }),
      ...(run.provider !== null && { ls_provider: run.provider }),
      ...(run.threadId !== null && { thread_id: run.threadId }),
    },
  };
}

/** An error's whole text; that of a call of ours with our code before it. */
export function errorOf({ run, payload }: KeptRun): string | null {
  if (statusWord(run.status) !== "error") return payload.error ?? null;
  const text = payload.error ?? run.errorMessage;
  if (run.errorCode === null || run.source !== "call") return text ?? run.status;
  return text === null ? run.errorCode : `${run.errorCode}: ${text}`;
}

export function promptDetails({
  cachedTokens,
  cacheWriteTokens,
  audioTokens,
  imageTokens,
}: Totals) {
  return positive({
    cache_read: cachedTokens,
    cache_creation: cacheWriteTokens,
    audio: audioTokens,
    image: imageTokens,
  });
}

export function completionDetails({ reasoningTokens }: Totals) {
  return positive({ reasoning: reasoningTokens });
}

function positive(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

const dollars = (nanos: number | null) => (nanos === null ? null : decimalDollars(nanos));

/** A run as the classic reads show it: costs are decimal texts, words in lower case. */
export function toWireRun(kept: KeptRun, beside: Beside): Wire {
  const { run, payload } = kept;
  const { totals } = beside;
  return {
    id: run.id,
    name: run.name,
    run_type: run.type,
    status: statusWord(run.status),
    start_time: wireTime(run.at),
    end_time: run.endAt === null ? null : wireTime(run.endAt),
    error: errorOf(kept),
    inputs: payload.inputs ?? {},
    outputs: payload.outputs ?? null,
    inputs_preview: run.inputPreview,
    outputs_preview: run.outputPreview,
    events: payload.events ?? [],
    extra: extraOf(kept),
    serialized: payload.serialized ?? null,
    tags: run.tags,
    trace_id: run.traceId,
    dotted_order: orderOf(run),
    parent_run_id: run.parentId,
    parent_run_ids: parentsOf(run),
    child_run_ids: null,
    session_id: run.projectId,
    tenant_id: tenantUuid(run.tenantId),
    reference_example_id: run.referenceExampleId,
    thread_id: run.threadId,
    first_token_time: run.ttftMs === null ? null : wireTime(run.at + run.ttftMs),
    prompt_tokens: totals.inputTokens,
    completion_tokens: totals.outputTokens,
    total_tokens: totals.inputTokens + totals.outputTokens,
    prompt_token_details: promptDetails(totals),
    completion_token_details: completionDetails(totals),
    prompt_cost: dollars(totals.inputCostNanos),
    completion_cost: dollars(totals.outputCostNanos),
    total_cost: dollars(totals.costNanos),
    feedback_stats: beside.feedbackStats ?? {},
    app_path: appPath(run),
    in_dataset: run.referenceExampleId !== null,
    share_token: beside.shareToken ?? null,
    s3_urls: attachmentUrls(kept, beside),
    ...(payload.truncated && { truncated: payload.truncated }),
  };
}

/** Under the names that the Python SDK looks for. */
function attachmentUrls({ payload }: KeptRun, { linkTo }: Beside): Wire | null {
  const attachments = keptAttachments(payload);
  if (attachments.length === 0) return null;
  return Object.fromEntries(
    attachments.map(({ name, mimeType }) => [
      `attachment.${name}`,
      { presigned_url: linkTo(name), s3_url: null, mime_type: mimeType },
    ]),
  );
}

/** Those whose bytes are kept: of redacted runs only their names are. */
export function keptAttachments({ attachments = [] }: RunPayload) {
  return attachments.filter(({ bytes }) => bytes > 0);
}

/** Only what was asked for, and what every client needs. */
export function selected(view: Wire, select: readonly string[] | undefined): Wire {
  if (!select || select.length === 0) return view;
  const wanted = new Set([...ALWAYS, ...select]);
  return Object.fromEntries(Object.entries(view).filter(([field]) => wanted.has(field)));
}

/** Without these the Python SDK cannot read a run. */
const ALWAYS = ["id", "name", "run_type", "start_time", "trace_id", "status"];
