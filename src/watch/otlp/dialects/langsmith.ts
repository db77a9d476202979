/** LangSmith's own attributes: what its SDKs send in their OpenTelemetry mode, ids and all. */
import { runIdOfSpan } from "../../../core/trace-ids.ts";
import { fieldsOf, flagAt, hasUnder, parsedAt, textAt, tokensAt, under } from "../attributes.ts";
import { type Dialect, type UsageReading, known, untilEvent } from "../reading.ts";
import type { Attributes, OtlpSpan, Value } from "../span.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const METADATA = "langsmith.metadata.";

export const langsmith: Dialect = (span) => {
  const { attributes } = span;
  if (!hasUnder(attributes, "langsmith.")) return undefined;
  const metadata = under(attributes, METADATA);
  return {
    runId: runIdAt(span, "langsmith.span.id"),
    traceId: uuidAt(attributes, "langsmith.trace.id"),
    parentId: runIdAt(span, "langsmith.span.parent_id"),
    dottedOrder: dottedOrderOf(attributes),
    referenceExampleId: uuidAt(attributes, "langsmith.reference_example_id"),
    project: textAt(attributes, "langsmith.trace.session_name", "langsmith.project"),
    name: textAt(attributes, "langsmith.trace.name"),
    type: textAt(attributes, "langsmith.span.kind"),
    isStream: flagAt(attributes, "langsmith.request.streaming"),
    ttftMs: untilEvent(span, (name) => name === "new_token"),
    tags: textAt(attributes, "langsmith.span.tags")
      ?.split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ""),
    usage: usageOf(attributes),
    threadId: textAt(metadata, "session_id", "thread_id", "conversation_id"),
    userId: textAt(metadata, "user_id"),
    metadata: Object.fromEntries(metadata),
    inputs: contentAt(attributes, "gen_ai.prompt", "inputs"),
    outputs: contentAt(attributes, "gen_ai.completion", "outputs"),
  };
};

/** Their SDK names a span that is no run of theirs by its id behind zeros: here it goes by ours. */
const PADDED = /^00000000-0000-0000-([0-9a-f]{4})-([0-9a-f]{12})$/;

function runIdAt({ attributes, traceId }: OtlpSpan, name: string): string | undefined {
  const id = uuidAt(attributes, name);
  const [, head, tail] = PADDED.exec(id ?? "") ?? [];
  return head === undefined || tail === undefined ? id : runIdOfSpan(traceId, head + tail);
}

function dottedOrderOf(attributes: Attributes): string | undefined {
  const order = textAt(attributes, "langsmith.span.dotted_order");
  return order?.includes("Z00000000-0000-0000-") ? undefined : order;
}

function uuidAt(attributes: Attributes, name: string): string | undefined {
  const id = textAt(attributes, name)?.toLowerCase();
  return id !== undefined && UUID.test(id) ? id : undefined;
}

/** Their SDKs put a run's whole inputs there, in whichever shape the run has them. */
function contentAt(attributes: Attributes, name: string, own: string): Value | undefined {
  return fieldsOf(parsedAt(attributes, `langsmith.${own}`, name));
}

function usageOf(attributes: Attributes): UsageReading | undefined {
  const told = fieldsOf(
    parsedAt(attributes, "langsmith.usage_metadata", `${METADATA}usage_metadata`),
  );
  if (!told) return undefined;
  const at = (fields: Value | undefined, ...names: string[]) =>
    tokensAt(new Map(Object.entries(fieldsOf(fields) ?? {})), ...names);
  const input = told["input_token_details"];
  const output = told["output_token_details"];
  return known({
    input: at(told, "input_tokens"),
    output: at(told, "output_tokens"),
    total: at(told, "total_tokens"),
    cacheRead: at(input, "cache_read"),
    cacheWrite: at(input, "cache_creation"),
    inputAudio: at(input, "audio"),
    inputImage: at(input, "image"),
    reasoning: at(output, "reasoning"),
    outputAudio: at(output, "audio"),
    inputCost: at(told, "input_cost"),
    outputCost: at(told, "output_cost"),
    totalCost: at(told, "total_cost"),
  });
}
