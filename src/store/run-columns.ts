/** A run as a row of texts and numbers, for databases that keep texts as texts. */
import type { CallFacts, Run } from "../core/run.ts";
import { orderSegment } from "../core/trace-ids.ts";

export interface RunColumns {
  readonly id: string;
  readonly trace_id: string;
  readonly parent_id: string | null;
  readonly dotted_order: string | null;
  readonly tenant_id: string;
  readonly project_id: string;
  readonly source: Run["source"];
  readonly name: string;
  readonly type: string;
  readonly status: Run["status"];
  readonly at: number;
  readonly duration_ms: number | null;
  readonly ttft_ms: number | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly target: string | null;
  readonly route: string | null;
  readonly key_id: string | null;
  readonly key_name: string | null;
  readonly user_id: string | null;
  readonly thread_id: string | null;
  readonly prompt_version: string | null;
  readonly tags: readonly string[];
  /** JSON. */
  readonly metadata: string;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_tokens: number;
  readonly cache_write_tokens: number;
  readonly reasoning_tokens: number;
  readonly image_tokens: number;
  readonly audio_tokens: number;
  readonly cost_nanos: number | null;
  readonly input_cost_nanos: number | null;
  readonly output_cost_nanos: number | null;
  readonly price_version: string | null;
  readonly is_estimated: boolean;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly finish_reason: string | null;
  readonly http_status: number | null;
  readonly is_stream: boolean;
  readonly weight: number;
  readonly example_id: string | null;
  readonly input_preview: string | null;
  readonly output_preview: string | null;
  readonly capture: Run["capture"];
  readonly is_covered: boolean;
  readonly is_patched: boolean;
  readonly is_guarded: boolean;
  readonly is_hidden: boolean;
  readonly cache: string | null;
  readonly queue_ms: number | null;
  readonly answer_id: string | null;
  /** JSON of what only calls of ours have, without the timeline; null for others. */
  readonly facts: string | null;
}

const PREVIEW_CHARS = 160;

/** What a hidden run does not say: it is counted, and shown nowhere. */
export const HIDDEN = {
  parent_id: null,
  dotted_order: null,
  key_name: null,
  thread_id: null,
  metadata: "{}",
  error_code: null,
  error_message: null,
  finish_reason: null,
  example_id: null,
  input_preview: null,
  output_preview: null,
  answer_id: null,
  facts: null,
  is_hidden: true,
} as const satisfies Partial<RunColumns>;

export function toColumns(
  run: Run,
  { isPatched, isHidden }: { isPatched: boolean; isHidden: boolean },
): RunColumns {
  const columns = shownColumns(run, isPatched);
  return isHidden ? { ...columns, trace_id: run.id, ...HIDDEN } : columns;
}

function shownColumns(run: Run, isPatched: boolean): RunColumns {
  return {
    id: run.id,
    trace_id: run.traceId,
    parent_id: run.parentId,
    dotted_order: run.parentId === null ? orderSegment(run.at, run.id) : run.dottedOrder,
    tenant_id: run.tenantId,
    project_id: run.projectId,
    source: run.source,
    name: run.name,
    type: run.type,
    status: run.status,
    at: run.at,
    duration_ms: run.durationMs,
    ttft_ms: run.ttftMs,
    model: run.model,
    provider: run.provider,
    target: run.target,
    route: run.route,
    key_id: run.keyId,
    key_name: run.keyName,
    user_id: run.userId,
    thread_id: run.threadId,
    prompt_version: run.promptVersion,
    tags: run.tags,
    metadata: JSON.stringify(run.metadata),
    input_tokens: run.inputTokens,
    output_tokens: run.outputTokens,
    cached_tokens: run.cachedTokens,
    cache_write_tokens: run.cacheWriteTokens,
    reasoning_tokens: run.reasoningTokens,
    image_tokens: run.imageTokens,
    audio_tokens: run.audioTokens,
    cost_nanos: run.costNanos,
    input_cost_nanos: run.inputCostNanos,
    output_cost_nanos: run.outputCostNanos,
    price_version: run.priceVersion,
    is_estimated: run.isEstimated,
    error_code: run.errorCode,
    error_message: run.errorMessage,
    finish_reason: run.finishReason,
    http_status: run.httpStatus,
    is_stream: run.isStream,
    weight: run.weight,
    example_id: run.referenceExampleId,
    input_preview: run.inputPreview?.slice(0, PREVIEW_CHARS) ?? null,
    output_preview: run.outputPreview?.slice(0, PREVIEW_CHARS) ?? null,
    capture: run.capture,
    is_covered: run.isCovered,
    is_patched: isPatched,
    is_guarded: (run.call?.findings.length ?? 0) > 0,
    is_hidden: false,
    cache: run.call?.cache ?? null,
    queue_ms: run.call?.queueMs ?? null,
    answer_id: run.call?.answerId ?? null,
    facts: run.call && JSON.stringify({ findings: run.call.findings, attempts: run.call.attempts }),
  };
}

export function fromColumns(row: RunColumns): Run {
  return {
    id: row.id,
    traceId: row.trace_id,
    parentId: row.parent_id,
    dottedOrder: row.dotted_order,
    tenantId: row.tenant_id,
    projectId: row.project_id,
    source: row.source,
    name: row.name,
    type: row.type,
    status: row.status,
    at: row.at,
    endAt: row.duration_ms === null ? null : row.at + row.duration_ms,
    durationMs: row.duration_ms,
    ttftMs: row.ttft_ms,
    model: row.model,
    provider: row.provider,
    target: row.target,
    route: row.route,
    keyId: row.key_id,
    keyName: row.key_name,
    userId: row.user_id,
    threadId: row.thread_id,
    promptVersion: row.prompt_version,
    tags: row.tags,
    metadata: JSON.parse(row.metadata),
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cachedTokens: row.cached_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    reasoningTokens: row.reasoning_tokens,
    imageTokens: row.image_tokens,
    audioTokens: row.audio_tokens,
    costNanos: row.cost_nanos,
    inputCostNanos: row.input_cost_nanos,
    outputCostNanos: row.output_cost_nanos,
    priceVersion: row.price_version,
    isEstimated: row.is_estimated,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    finishReason: row.finish_reason,
    httpStatus: row.http_status,
    isStream: row.is_stream,
    weight: row.weight,
    referenceExampleId: row.example_id,
    inputPreview: row.input_preview,
    outputPreview: row.output_preview,
    capture: row.capture,
    isCovered: row.is_covered,
    call: factsOf(row),
  };
}

function factsOf({ facts, cache, queue_ms, answer_id }: RunColumns): CallFacts | null {
  if (facts === null) return null;
  const { findings = [], attempts = 0 } = JSON.parse(facts) as Partial<CallFacts>; // written by shownColumns
  return {
    timeline: null,
    findings,
    attempts,
    cache,
    queueMs: queue_ms,
    answerId: answer_id,
  };
}

/** The columns of dimensions. */
export const DIMENSION_COLUMNS = {
  model: "model",
  target: "target",
  provider: "provider",
  route: "route",
  key: "key_id",
  user: "user_id",
  tenant: "tenant_id",
  project: "project_id",
  promptVersion: "prompt_version",
  type: "type",
  source: "source",
  status: "status",
  thread: "thread_id",
  name: "name",
} as const;
