/**
 * A call as OpenTelemetry's spans, in the GenAI conventions' words and in ours where they have none: the
 * call, its stages, its attempts, and what the guard found. Pure. `otlp/dialects/weir.ts` reads it back.
 */
import type { FindingRecord, SpanRecord } from "../../core/call.ts";
import type { ChatMessage, ContentPart, GenerateRequest } from "../../core/chat.ts";
import { spanIdOfRun, toHexId } from "../../core/trace-ids.ts";
import { operationOf } from "../metrics/genai.ts";
import type { OtlpSpan, Value } from "../otlp/span.ts";
import type { KeptCall } from "../trace/recorder.ts";
import { toSpans } from "../trace/spans.ts";

const INTERNAL = 1;
const SERVER = 2;
const CLIENT = 3;

export function callSpans(call: KeptCall, { content }: { readonly content: boolean }): OtlpSpan[] {
  const traceId = call.link ? toHexId(call.link.traceId) : call.id;
  const [whole, ...stages] = toSpans(call);
  if (!whole) return [];
  const own = call.id.slice(16);
  const spans: OtlpSpan[] = [rootSpan(call, traceId, content)];
  const add = (stage: SpanRecord, parent: string, more: Partial<OtlpSpan> = {}) => {
    const spanId = nthSpan(own, spans.length);
    spans.push({ ...stageSpan(stage, call, { traceId, spanId, parent }), ...more });
    return spanId;
  };
  for (const stage of stages) {
    const spanId = add(stage, own);
    if (stage.kind !== "guard") continue;
    for (const finding of call.findings) {
      const attributes = attributesOf(findingFields(finding));
      add(stage, spanId, { name: `guard ${finding.detector}`, attributes });
    }
  }
  return spans;
}

/** The call's own id, with its last byte counted on. */
function nthSpan(own: string, number: number): string {
  const last = (Number.parseInt(own.slice(14), 16) + number) % 256;
  return own.slice(0, 14) + last.toString(16).padStart(2, "0");
}

function rootSpan(call: KeptCall, traceId: string, content: boolean): OtlpSpan {
  const { link, status } = call;
  const operation = operationOf(call.route);
  const isError = status === "error" || status === "blocked";
  return {
    traceId,
    spanId: call.id.slice(16),
    // A parent that LangSmith's SDK named has no span.
    parentSpanId: link?.parentRunId && !link.dottedOrder ? spanIdOfRun(link.parentRunId) : null,
    name: `${operation} ${call.model}`,
    kind: SERVER,
    at: call.at,
    endAt: call.at + call.timeline.endedAt,
    attributes: attributesOf({
      ...callFields(call, operation),
      ...(content && contentFields(call)),
    }),
    events: [],
    status: { isError, message: isError ? (call.errorMessage ?? "") : "" },
  };
}

type Fields = Readonly<Record<string, Value | undefined>>;

/** Without what is not known. */
function attributesOf(fields: Fields): Map<string, Value> {
  const known = Object.entries(fields).filter(
    (entry): entry is [string, Value] => entry[1] !== undefined && entry[1] !== null,
  );
  return new Map(known);
}

const STATUSES = { ok: "success", error: "error", blocked: "blocked", canceled: "canceled" };

function callFields(call: KeptCall, operation: string): Fields {
  const { link, target, timeline } = call;
  const metadata = Object.entries(link?.metadata ?? {});
  return {
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": target?.split("/")[0],
    "gen_ai.request.model": call.model,
    "gen_ai.response.model": timeline.attempts.at(-1)?.model,
    "gen_ai.request.stream": call.stream,
    "gen_ai.response.finish_reasons": call.finishReason === null ? undefined : [call.finishReason],
    "gen_ai.response.time_to_first_chunk": call.ttftMs === null ? undefined : call.ttftMs / 1000,
    "gen_ai.usage.input_tokens": call.inputTokens,
    "gen_ai.usage.output_tokens": call.outputTokens,
    "gen_ai.usage.cache_read.input_tokens": call.cachedTokens,
    "gen_ai.usage.cache_write.input_tokens": call.cacheWriteTokens,
    "gen_ai.usage.reasoning.output_tokens": call.reasoningTokens,
    "error.type": call.errorCode,
    "http.response.status_code": call.httpStatus,
    "weir.run.type": operation === "embeddings" ? "embedding" : "llm",
    "weir.status": STATUSES[call.status],
    "weir.route": call.route,
    "weir.target": target,
    "weir.tenant": call.tenantId,
    "weir.key": call.keyName,
    "weir.user": call.user,
    "weir.project": link?.project,
    "weir.cost_nanos": call.costNanos,
    "weir.cache": call.cache,
    "weir.attempts": call.attempts,
    "weir.tags": link && link.tags.length > 0 ? link.tags : undefined,
    ...Object.fromEntries(metadata.map(([name, value]) => [`weir.metadata.${name}`, value])),
  };
}

interface Place {
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string;
}

function stageSpan(stage: SpanRecord, call: KeptCall, place: Place): OtlpSpan {
  const { kind, name, startMs, durationMs, status, attributes } = stage;
  const { model, reason, firstContentMs, errorCode, errorMessage, result } = attributes;
  const isAttempt = kind === "attempt";
  const fields: Fields = {
    "weir.run.type": isAttempt ? "attempt" : kind === "guard" ? "guardrail" : "stage",
    "weir.stage": kind,
    "weir.status": status === "ok" ? "success" : status,
    ...(isAttempt && {
      "gen_ai.request.model": model ?? undefined,
      "gen_ai.provider.name": name.split("/")[0],
      "weir.target": name,
      "weir.reason": reason,
      "weir.ttft_ms": call.stream ? firstContentMs : undefined,
      "error.type": errorCode,
    }),
    ...(kind === "cache" && { "weir.cache": result }),
  };
  return {
    traceId: place.traceId,
    spanId: place.spanId,
    parentSpanId: place.parent,
    name: isAttempt ? `attempt ${name}` : name,
    kind: isAttempt ? CLIENT : INTERNAL,
    at: call.at + startMs,
    endAt: call.at + startMs + durationMs,
    attributes: attributesOf(fields),
    events: [],
    status: { isError: status === "error", message: textOf(errorMessage) },
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

const STATUS: Partial<Record<FindingRecord["action"], string>> = {
  block: "blocked",
  hold: "blocked",
  scan_failed: "error",
};

/** Never the text that was found. */
function findingFields(finding: FindingRecord): Fields {
  const { detector, action, origin, confidence, falsePositiveRate } = finding;
  return {
    "gen_ai.guardrail.name": detector,
    "gen_ai.guardrail.action": action,
    "weir.run.type": "guardrail",
    "weir.status": STATUS[action] ?? "success",
    "weir.origin": origin,
    "weir.confidence": confidence,
    ...(falsePositiveRate !== undefined && { "weir.false_positive_rate": falsePositiveRate }),
  };
}

function contentFields({ request, output, finishReason }: KeptCall): Fields {
  const asked = request as GenerateRequest | null; // as the gateway made it
  const messages =
    asked &&
    (asked.kind === "completion"
      ? [{ role: "user", parts: [textPart(asked.prompt)] }]
      : asked.messages.map(toParts));
  const answer = output !== null && {
    role: "assistant",
    parts: [textPart(output)],
    finish_reason: finishReason,
  };
  return {
    "gen_ai.input.messages": messages ? JSON.stringify(messages) : undefined,
    "gen_ai.output.messages": answer ? JSON.stringify([answer]) : undefined,
  };
}

function textPart(content: string) {
  return { type: "text", content };
}

function toParts(message: ChatMessage): object {
  const { role, content, toolCalls = [], toolCallId } = message;
  const texts = typeof content === "string" ? [textPart(content)] : (content ?? []).map(toPart);
  if (role === "tool") {
    const response = texts.map((part) => ("content" in part ? part.content : "")).join("\n");
    return { role, parts: [{ type: "tool_call_response", id: toolCallId ?? null, response }] };
  }
  const calls = toolCalls.map(({ id, name, arguments: input }) => ({
    type: "tool_call",
    id,
    name,
    arguments: input,
  }));
  return { role, parts: [...texts, ...calls] };
}

function toPart(part: ContentPart): { type: string; content?: string; uri?: string } {
  if (part.type === "text") return textPart(part.text);
  return "url" in part ? { type: "uri", uri: part.url } : { type: part.type };
}
