/** One span as a part of a run, in LangSmith's shape. Pure. */
import type { RunPart } from "../../core/run.ts";
import { runIdOfSpan, toUuid } from "../../core/trace-ids.ts";
import { textAt } from "./attributes.ts";
import { genai } from "./dialects/genai.ts";
import { langsmith } from "./dialects/langsmith.ts";
import { openinference } from "./dialects/openinference.ts";
import { openllmetry } from "./dialects/openllmetry.ts";
import { vercel } from "./dialects/vercel.ts";
import { weir } from "./dialects/weir.ts";
import { metadataOf } from "./metadata.ts";
import { type Reading, type UsageReading, merged } from "./reading.ts";
import { type Origin, type OtlpSpan, SpanError } from "./span.ts";

/** The one that knows most of a span comes first; what it does not say, the next may. */
const DIALECTS = [langsmith, weir, openinference, vercel, openllmetry, genai];

export interface Arrival {
  readonly tenantId: string;
  readonly receivedAt: number;
  /** What the request's headers name, over what spans say. */
  readonly project: string | undefined;
}

export function readSpan(span: OtlpSpan): Reading {
  return merged(DIALECTS.flatMap((dialect) => dialect(span) ?? []));
}

/** `parentId` where the parent's run is known by another id than its span's. */
export function toPart(
  span: OtlpSpan,
  reading: Reading,
  {
    origin,
    arrival,
    parentId,
  }: { origin: Origin; arrival: Arrival; parentId?: string | undefined },
): RunPart {
  const parent = reading.parentId ?? parentId ?? ownParent(span);
  checkClock(span, arrival);
  const error = errorOf(span);
  const words = wordsOf(reading);
  return {
    kind: "post",
    id: reading.runId ?? runIdOfSpan(span.traceId, span.spanId),
    source: "otlp",
    tenantId: arrival.tenantId,
    receivedAt: arrival.receivedAt,
    traceId: reading.traceId ?? toUuid(span.traceId),
    parentId: parent,
    dottedOrder: reading.dottedOrder,
    project: projectOf(reading, origin, arrival),
    name: reading.name ?? (span.name === "" ? undefined : span.name),
    type: reading.type ?? "chain",
    at: span.at,
    endAt: span.endAt ?? undefined,
    ttftMs: reading.ttftMs,
    error,
    status: reading.status,
    tags: reading.tags,
    referenceExampleId: reading.referenceExampleId,
    inputs: reading.inputs,
    outputs: reading.outputs,
    extra: {
      // First of all, and whatever else goes by their names.
      metadata: { ...words, ...metadataOf(span, origin), ...words },
      ...(reading.invocation &&
        Object.keys(reading.invocation).length > 0 && { invocation_params: reading.invocation }),
    },
    events: eventsOf(span),
  };
}

/** Clocks go wrong by hours; what is years ahead would be the newest run for years. */
const MOST_AHEAD_MS = 366 * 86_400_000;

function checkClock({ at, endAt }: OtlpSpan, { receivedAt }: Arrival): void {
  const latest = receivedAt + MOST_AHEAD_MS;
  if (at > latest) throw new SpanError("is more than a year ahead", "startTimeUnixNano");
  if (endAt !== null && endAt > latest) {
    throw new SpanError("is more than a year ahead", "endTimeUnixNano");
  }
}

function ownParent({ traceId, parentSpanId }: OtlpSpan): string | null {
  return parentSpanId === null ? null : runIdOfSpan(traceId, parentSpanId);
}

function projectOf(reading: Reading, { resource }: Origin, arrival: Arrival): string | undefined {
  const service = textAt(resource, "service.name");
  // SDKs call a service so that has no name.
  const named = service?.startsWith("unknown_service") ? undefined : service;
  return (
    arrival.project ??
    reading.project ??
    textAt(resource, "langsmith.project", "openinference.project.name") ??
    named
  );
}

/** What LangSmith's SDKs keep in a run's metadata, under their names. */
function wordsOf(reading: Reading): Record<string, unknown> {
  const words = {
    ls_model_name: reading.model,
    ls_provider: reading.provider,
    ls_stream: reading.isStream,
    ls_temperature: reading.invocation?.["temperature"],
    ls_max_tokens: reading.invocation?.["max_tokens"],
    session_id: reading.threadId,
    user_id: reading.userId,
    prompt_name: reading.promptName,
    prompt_version: reading.promptVersion,
    usage_metadata: reading.usage && usageMetadata(reading.usage),
  };
  const told = Object.entries(words).filter(([, value]) => value !== undefined);
  return { ...reading.metadata, ...Object.fromEntries(told) };
}

function usageMetadata(usage: UsageReading): Record<string, unknown> | undefined {
  const { output, total, cacheRead = 0, cacheWrite = 0, totalCost } = usage;
  const input = usage.input ?? (total !== undefined ? total - (output ?? 0) : undefined);
  const hasTokens = input !== undefined || output !== undefined;
  if (!hasTokens && totalCost === undefined) return undefined;
  // Some count what was cached beside the input, not within it.
  const whole =
    cacheRead + cacheWrite > (input ?? 0) ? (input ?? 0) + cacheRead + cacheWrite : input;
  return {
    ...(hasTokens && {
      input_tokens: Math.max(0, whole ?? 0),
      output_tokens: output ?? 0,
      total_tokens: total ?? (whole ?? 0) + (output ?? 0),
    }),
    input_token_details: told({
      cache_read: usage.cacheRead,
      cache_creation: usage.cacheWrite,
      audio: usage.inputAudio,
      image: usage.inputImage,
    }),
    output_token_details: told({ reasoning: usage.reasoning, audio: usage.outputAudio }),
    ...told({
      input_cost: usage.inputCost,
      output_cost: usage.outputCost,
      total_cost: totalCost,
    }),
  };
}

function told(fields: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

/** As SDKs write it: the class, the message, and the stack where there is one. */
function errorOf({ status, events, attributes }: OtlpSpan): string | undefined {
  const exception = events.findLast(({ name }) => name === "exception")?.attributes;
  const type = textAt(exception ?? attributes, "exception.type", "error.type");
  const message = textAt(exception ?? attributes, "exception.message") ?? status.message;
  if (!status.isError && (exception === undefined || status.message === "")) return undefined;
  const head = [type, message].filter((text) => text !== undefined && text !== "").join(": ");
  const stack = exception && textAt(exception, "exception.stacktrace");
  if (stack !== undefined && stack.includes(message)) return stack;
  return [head === "" ? "The span ended with an error." : head, stack].filter(Boolean).join("\n\n");
}

const MOST_EVENTS = 1000;

function eventsOf({ events }: OtlpSpan): unknown[] | undefined {
  if (events.length === 0) return undefined;
  return events.slice(0, MOST_EVENTS).map(({ name, at, attributes }) => ({
    name,
    time: timeOf(at),
    ...(attributes.size > 0 && { kwargs: Object.fromEntries(attributes) }),
  }));
}

function timeOf(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime()))
    throw new SpanError("has a time that is out of range", "events");
  return date.toISOString();
}
