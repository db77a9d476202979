import {
  CALLS_PROJECT,
  type CallFacts,
  type Run,
  type RunPayload,
  type RunRecord,
} from "../../core/run.ts";
import type { RunMetadata } from "../../core/run.ts";
import { orderSegment, toUuid } from "../../core/trace-ids.ts";
import type { KeptCall } from "./recorder.ts";

const ENDINGS = {
  ok: "success",
  error: "error",
  blocked: "blocked",
  canceled: "canceled",
} as const;
const ERROR_CHARS = 500;
/** Of an answer, what full text finds. */
const SEARCHED_CHARS = 2000;

/** The project that a call of ours belongs to. */
export function projectOfCall({ link }: Pick<KeptCall, "link">): string {
  return link?.project ?? CALLS_PROJECT;
}

/** A call of ours as a run: one row, whose stages are drawn from its timeline when it is looked at. */
export function describeCall(call: KeptCall, projectId: string): RunRecord {
  const isKept = call.capture === "full" || call.capture === "redacted";
  const run: Run = {
    ...placeOf(call, projectId),
    ...endingOf(call),
    ...whoseOf(call),
    ...spentOn(call),
    source: "call",
    name: call.model,
    type: typeOf(call.route),
    model: call.model,
    provider: call.target?.split("/")[0] ?? null,
    target: call.target,
    route: call.route,
    isStream: call.stream,
    weight: 1,
    referenceExampleId: null,
    inputPreview: call.preview,
    outputPreview: call.output?.slice(0, ERROR_CHARS) ?? null,
    capture: call.capture === "none" ? "metadata" : call.capture,
    isCovered: false,
    call: factsOf(call),
  };
  return {
    run,
    payload: isKept ? payloadOf(call) : {},
    attachments: [],
    isPatched: true,
    text: [call.model, call.preview, call.output?.slice(0, SEARCHED_CHARS), call.errorMessage]
      .filter(Boolean)
      .join("\n"),
    isCountedOnly: call.capture === "none",
  };
}

function placeOf({ id: callId, at, link, tenantId }: KeptCall, projectId: string) {
  const id = toUuid(callId);
  return {
    id,
    traceId: link?.traceId ?? id,
    parentId: link?.parentRunId ?? null,
    dottedOrder: link?.dottedOrder ? `${link.dottedOrder}.${orderSegment(at, id)}` : null,
    tenantId,
    projectId,
  };
}

function endingOf(call: KeptCall) {
  const { at, durationMs, ttftMs, errorCode, finishReason, httpStatus } = call;
  return {
    status: ENDINGS[call.status],
    at,
    endAt: at + durationMs,
    durationMs,
    ttftMs,
    errorCode,
    errorMessage: call.errorMessage?.slice(0, ERROR_CHARS) ?? null,
    finishReason,
    httpStatus,
  };
}

function whoseOf({ keyId, keyName, user, link, release }: KeptCall) {
  const metadata: RunMetadata = { ...link?.metadata, ...(release && releaseFields(release)) };
  return {
    keyId,
    keyName,
    userId: user,
    threadId: textOf(metadata["thread_id"] ?? metadata["session_id"]),
    promptVersion: textOf(metadata["prompt_version"]),
    tags: link?.tags ?? [],
    metadata,
  };
}

function releaseFields({ id, arm, probability }: NonNullable<KeptCall["release"]>) {
  return { weir_release: id, weir_release_arm: arm, weir_release_probability: probability };
}

function spentOn(call: KeptCall) {
  return {
    inputTokens: call.inputTokens,
    outputTokens: call.outputTokens,
    cachedTokens: call.cachedTokens,
    cacheWriteTokens: call.cacheWriteTokens ?? 0,
    reasoningTokens: call.reasoningTokens ?? 0,
    imageTokens: call.imageTokens ?? 0,
    audioTokens: call.audioTokens ?? 0,
    isEstimated: call.isEstimated ?? false,
    costNanos: call.costNanos,
    inputCostNanos: call.inputCostNanos ?? null,
    outputCostNanos: call.outputCostNanos ?? null,
    priceVersion: call.priceVersion ?? null,
  };
}

function factsOf(call: KeptCall): CallFacts {
  return {
    timeline: call.timeline,
    findings: call.findings,
    attempts: call.attempts,
    cache: call.cache ?? null,
    queueMs: queueMs(call),
    answerId: call.answerId ?? null,
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

function textOf(value: string | number | boolean | undefined): string | null {
  return value === undefined ? null : String(value);
}
