import { CALLS_PROJECT, type Run, type RunPayload, type RunRecord } from "../../core/run.ts";
import type { KeptCall } from "./recorder.ts";

const ENDINGS = {
  ok: "success",
  error: "error",
  blocked: "blocked",
  canceled: "canceled",
} as const;
const ERROR_CHARS = 500;

/** A call's id, which is a W3C trace id, as a run's. */
export function runIdOf(callId: string): string {
  return `${callId.slice(0, 8)}-${callId.slice(8, 12)}-${callId.slice(12, 16)}-${callId.slice(16, 20)}-${callId.slice(20)}`;
}

/** The project that a call of ours belongs to. */
export function projectOfCall({ link }: Pick<KeptCall, "link">): string {
  return link?.project ?? CALLS_PROJECT;
}

/** A call of ours as a run: one row, whose stages are drawn from its timeline when it is looked at. */
export function describeCall(call: KeptCall, projectId: string): RunRecord {
  const id = runIdOf(call.id);
  const { link } = call;
  const isKept = call.capture === "full" || call.capture === "redacted";
  const run: Run = {
    id,
    traceId: link?.traceId ?? id,
    parentId: link?.parentRunId ?? null,
    dottedOrder: link?.dottedOrder ? `${link.dottedOrder}.${segmentOf(call.at, id)}` : null,
    tenantId: call.tenantId,
    projectId,
    source: "call",
    name: call.model,
    type: typeOf(call.route),
    status: ENDINGS[call.status],
    at: call.at,
    endAt: call.at + call.durationMs,
    durationMs: call.durationMs,
    ttftMs: call.ttftMs,
    model: call.model,
    provider: call.target?.split("/")[0] ?? null,
    target: call.target,
    route: call.route,
    keyId: call.keyId,
    keyName: call.keyName,
    userId: call.user,
    threadId: textOf(link?.metadata["thread_id"] ?? link?.metadata["session_id"]),
    promptVersion: textOf(link?.metadata["prompt_version"]),
    tags: link?.tags ?? [],
    metadata: link?.metadata ?? {},
    inputTokens: call.inputTokens,
    outputTokens: call.outputTokens,
    cachedTokens: call.cachedTokens,
    cacheWriteTokens: call.cacheWriteTokens ?? 0,
    reasoningTokens: call.reasoningTokens ?? 0,
    imageTokens: call.imageTokens ?? 0,
    audioTokens: call.audioTokens ?? 0,
    costNanos: call.costNanos,
    inputCostNanos: call.inputCostNanos ?? null,
    outputCostNanos: call.outputCostNanos ?? null,
    priceVersion: call.priceVersion ?? null,
    isEstimated: call.isEstimated ?? false,
    errorCode: call.errorCode,
    errorMessage: call.errorMessage?.slice(0, ERROR_CHARS) ?? null,
    finishReason: call.finishReason,
    httpStatus: call.httpStatus,
    isStream: call.stream,
    weight: 1,
    referenceExampleId: null,
    inputPreview: call.preview,
    outputPreview: call.output?.slice(0, ERROR_CHARS) ?? null,
    capture: call.capture === "none" ? "metadata" : call.capture,
    isCovered: false,
    call: {
      timeline: call.timeline,
      findings: call.findings,
      attempts: call.attempts,
      cache: call.cache ?? null,
      queueMs: queueMs(call),
      answerId: call.answerId ?? null,
    },
  };
  return {
    run,
    payload: isKept ? payloadOf(call) : {},
    attachments: [],
    isPatched: true,
    text: [call.model, call.preview, call.output?.slice(0, 2000), call.errorMessage]
      .filter(Boolean)
      .join("\n"),
    isCountedOnly: call.capture === "none",
  };
}

function typeOf(route: string): string {
  if (route.endsWith("/embeddings")) return "embedding";
  if (/rerank|moderations|tokenize|count_tokens/.test(route)) return "tool";
  return "llm";
}

/** From where a target was asked for to the first attempt. */
function queueMs({ timeline }: KeptCall): number | null {
  const first = timeline.attempts?.[0];
  return timeline.attemptAt === undefined || !first
    ? null
    : Math.max(0, first.startedAt - timeline.attemptAt);
}

function payloadOf({ request, output, errorMessage }: KeptCall): RunPayload {
  return {
    ...(request !== null && { inputs: request }),
    ...(output !== null && { outputs: { role: "assistant", content: output } }),
    ...(errorMessage !== null && { error: errorMessage }),
  };
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : String(value);
}

function segmentOf(at: number, id: string): string {
  const time = new Date(Math.floor(at)).toISOString().replaceAll(/[-:]/g, "");
  return `${time.slice(0, 15)}${time.slice(16, 19)}000Z${id}`;
}
