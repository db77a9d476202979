import { WeirError } from "../../core/errors.ts";
import type { Feedback, RunPart } from "../../core/run.ts";
import type { Decode, IngestBody, Rejected } from "../trace/ingest.ts";
import { feedbackOf, mergeLogs } from "./logs.ts";
import { logsInJson, spansInJson } from "./read-json.ts";
import { logsInProtobuf, spansInProtobuf } from "./read-protobuf.ts";
import type { Reading } from "./reading.ts";
import { type Origin, type OtlpLog, type OtlpSpan, type Read, SpanError } from "./span.ts";
import { readSpan, toPart } from "./to-part.ts";

/** The spans of an OTLP export as runs. */
export const decodeOtlpTraces: Decode = (body) => {
  const read = isJson(body) ? spansInJson : spansInProtobuf;
  const rejected: Rejected[] = [];
  const spans: Known[] = [];
  for (const one of itemsOf(body, read)) {
    if ("reason" in one) rejected.push(toRejected(one));
    else attempt(one.path, rejected, () => spans.push({ ...one, reading: readSpan(one.item) }));
  }
  const ids = runIdsBySpan(spans);
  const parts: RunPart[] = [];
  for (const { path, origin, item, reading } of spans) {
    const parentId = ids?.get(keyOf(item.traceId, item.parentSpanId ?? ""));
    attempt(path, rejected, () =>
      parts.push(toPart(item, reading, { origin, arrival: arrivalOf(body), parentId })),
    );
  }
  return decoded(parts, [], rejected);
};

/** Log records that carry what spans of GenAI libraries leave out: messages, and scores. */
export const decodeOtlpLogs: Decode = (body) => {
  const read = isJson(body) ? logsInJson : logsInProtobuf;
  const rejected: Rejected[] = [];
  const logs: OtlpLog[] = [];
  for (const one of itemsOf(body, read)) {
    if ("reason" in one) rejected.push(toRejected(one));
    else logs.push(one.item);
  }
  const { parts, rest } = mergeLogs(logs, arrivalOf(body));
  const feedback = rest.flatMap((log) => feedbackOf(log, arrivalOf(body)) ?? []);
  const left = rest.length - feedback.length;
  for (let at = 0; at < left; at++) rejected.push({ part: "logRecords", reason: NOT_OURS });
  return { parts, feedback, rejected };
};

const NOT_OURS =
  "only events of the GenAI conventions that name their span are kept; send other logs to a log store";

interface Known {
  readonly path: string;
  readonly origin: Origin;
  readonly item: OtlpSpan;
  readonly reading: Reading;
}

function isJson({ contentType }: IngestBody): boolean {
  return contentType.toLowerCase().includes("json");
}

function arrivalOf({ tenantId, receivedAt, project }: IngestBody) {
  return { tenantId, receivedAt, project };
}

function* itemsOf<Item>(
  { body }: IngestBody,
  read: (bytes: Buffer) => Generator<Read<Item>>,
): Generator<Read<Item>> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  try {
    yield* read(bytes);
  } catch (cause) {
    if (!(cause instanceof SpanError)) throw cause;
    throw invalid("body", cause.field, cause.message);
  }
}

function attempt(path: string, rejected: Rejected[], take: () => void): void {
  try {
    take();
  } catch (cause) {
    if (!(cause instanceof SpanError)) throw cause;
    rejected.push(toRejected({ path, field: cause.field, reason: cause.message }));
  }
}

function toRejected(one: { path: string; field?: string | undefined; reason: string }): Rejected {
  const { path, field, reason } = one;
  return { part: path, reason, ...(field !== undefined && { field }) };
}

function keyOf(traceId: string, spanId: string): string {
  return traceId + spanId;
}

/** Runs that go by another id than their span's, so that spans under them find them. */
function runIdsBySpan(spans: readonly Known[]): Map<string, string> | undefined {
  const named = spans.filter(({ reading }) => reading.runId !== undefined);
  if (named.length === 0) return undefined;
  return new Map(
    named.map(({ item, reading }) => [keyOf(item.traceId, item.spanId), reading.runId ?? ""]),
  );
}

function decoded(
  parts: readonly RunPart[],
  feedback: readonly Feedback[],
  rejected: readonly Rejected[],
) {
  const [first] = rejected;
  if (parts.length === 0 && first) throw invalid(first.part, first.field, first.reason);
  return { parts, feedback, rejected };
}

function invalid(part: string, field: string | undefined, reason: string): WeirError {
  const at = field === undefined ? part : `${part}.${field}`;
  return new WeirError("invalid_request", `${at} ${reason}.`, { param: at });
}
