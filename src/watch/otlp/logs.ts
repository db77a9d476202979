/** GenAI events that come as log records: messages go to their span's run, evaluations become scores. */
import { createHash } from "node:crypto";
import type { Feedback, RunPart } from "../../core/run.ts";
import { runIdOfSpan, toUuid } from "../../core/trace-ids.ts";
import { numberAt, textAt } from "./attributes.ts";
import { genai } from "./dialects/genai.ts";
import type { OtlpLog, OtlpSpan, Value } from "./span.ts";
import type { Arrival } from "./to-part.ts";

const EVALUATION = "gen_ai.evaluation.result";
const HAS_ID = /[1-9a-f]/;

/** The messages of each span as one patch of its run, and the records that are something else. */
export function mergeLogs(
  logs: readonly OtlpLog[],
  arrival: Arrival,
): { readonly parts: RunPart[]; readonly rest: OtlpLog[] } {
  const spans = new Map<string, OtlpLog[]>();
  const rest: OtlpLog[] = [];
  for (const log of logs) {
    const event = named(log);
    const isContent = event.name.startsWith("gen_ai.") && event.name !== EVALUATION;
    if (!isContent || !HAS_ID.test(log.spanId) || !HAS_ID.test(log.traceId)) {
      rest.push(event);
      continue;
    }
    const key = log.traceId + log.spanId;
    const known = spans.get(key);
    if (known) known.push(event);
    else spans.set(key, [event]);
  }
  return { parts: Array.from(spans.values(), (events) => toPatch(events, arrival)), rest };
}

/** The name stands in a field of its own, or, with older SDKs, in an attribute. */
function named(log: OtlpLog): OtlpLog {
  const name = log.name || (textAt(log.attributes, "event.name") ?? "");
  const body: [string, Value][] = log.body === null ? [] : [["event.body", log.body]];
  return { ...log, name, attributes: new Map([...log.attributes, ...body]) };
}

function toPatch(events: readonly OtlpLog[], arrival: Arrival): RunPart {
  const [first] = events;
  const span: OtlpSpan = {
    traceId: first?.traceId ?? "",
    spanId: first?.spanId ?? "",
    parentSpanId: null,
    name: "",
    kind: 0,
    at: first?.at ?? 0,
    endAt: null,
    attributes: new Map(),
    events,
    status: { isError: false, message: "" },
  };
  const reading = genai(span);
  return {
    kind: "patch",
    id: runIdOfSpan(span.traceId, span.spanId),
    source: "otlp",
    tenantId: arrival.tenantId,
    receivedAt: arrival.receivedAt,
    traceId: toUuid(span.traceId),
    project: arrival.project,
    inputs: reading?.inputs,
    outputs: reading?.outputs,
  };
}

/** A score of a span; undefined where the record is none. */
export function feedbackOf(log: OtlpLog, { tenantId, receivedAt }: Arrival): Feedback | undefined {
  const { attributes, traceId, spanId } = log;
  const key = textAt(attributes, "gen_ai.evaluation.name");
  if (log.name !== EVALUATION || key === undefined || !HAS_ID.test(spanId)) return undefined;
  const runId = runIdOfSpan(traceId, spanId);
  const at = log.at > 0 ? log.at : receivedAt;
  return {
    // Sent again, it is the same score.
    id: toUuid(createHash("sha256").update(`${runId}\0${key}\0${at}`).digest("hex").slice(0, 32)),
    tenantId,
    runId,
    traceId: toUuid(traceId),
    projectId: null,
    key,
    score: numberAt(attributes, "gen_ai.evaluation.score.value") ?? null,
    value: textAt(attributes, "gen_ai.evaluation.score.label") ?? null,
    correction: null,
    comment: textAt(attributes, "gen_ai.evaluation.explanation") ?? null,
    source: { type: "otlp" },
    comparativeExperimentId: null,
    extra: null,
    createdAt: at,
    modifiedAt: at,
  };
}
