import { randomUUID } from "node:crypto";
import type { Feedback } from "../../core/run.ts";
import type { Rejected } from "../trace/ingest.ts";
import { type Wire } from "./run-fields.ts";
import { uuidOf } from "./uuid.ts";
import { timeOf, wireTime } from "./wire-time.ts";

interface Sender {
  readonly tenantId: string;
  readonly receivedAt: number;
}

/** What senders keep beside a score, under the names that they gave. */
const EXTRAS = [
  "feedback_config",
  "feedbackConfig",
  "feedback_group_id",
  "start_time",
  "extend_trace_retention",
  "error",
  "extra",
];
const IDS = ["run_id", "trace_id", "session_id", "comparative_experiment_id"] as const;
const MAX_KEY = 256;

/**
 * A score as it is sent, alone or as a part of a body; `id` is that of its part's name. What is wrong
 * with it is told as a rejection.
 */
export function feedbackOf(
  wire: Wire,
  sender: Sender,
  { part, id = wire["id"] }: { readonly part: string; readonly id?: unknown },
): Feedback | Rejected {
  const own = given(id) ? uuidOf(id) : randomUUID();
  const score = scoreOf(wire["score"]);
  const fault = faultOf(wire);
  if (fault) return { part, ...fault };
  if (own === undefined) return { part, field: "id", reason: "is no UUID" };
  if (score === undefined) return { part, field: "score", reason: "must be a number, or null" };
  return {
    id: own,
    tenantId: sender.tenantId,
    runId: uuidOf(wire["run_id"]) ?? null,
    traceId: uuidOf(wire["trace_id"]) ?? null,
    projectId: uuidOf(wire["session_id"]) ?? null,
    key: String(wire["key"]),
    score,
    ...saidOf(wire),
    comparativeExperimentId: uuidOf(wire["comparative_experiment_id"]) ?? null,
    extra: extraOf(wire),
    createdAt: timeOf(wire["created_at"]) ?? sender.receivedAt,
    modifiedAt: timeOf(wire["modified_at"]) ?? sender.receivedAt,
  };
}

function saidOf(wire: Wire): Pick<Feedback, "value" | "correction" | "comment" | "source"> {
  return {
    value: wire["value"] ?? null,
    correction: wire["correction"] ?? null,
    comment: typeof wire["comment"] === "string" ? wire["comment"] : null,
    source: wire["feedback_source"] ?? { type: "api" },
  };
}

function faultOf(wire: Wire): { field: string; reason: string } | undefined {
  const key = wire["key"];
  if (typeof key !== "string" || key === "" || key.length > MAX_KEY) {
    return { field: "key", reason: `must be a text of 1 to ${MAX_KEY} characters` };
  }
  const field = IDS.find((name) => given(wire[name]) && uuidOf(wire[name]) === undefined);
  return field && { field, reason: "is no UUID" };
}

export function isRejected(value: Feedback | Rejected): value is Rejected {
  return "part" in value;
}

/** Null for none, undefined for what is no score. */
export function scoreOf(value: unknown): number | null | undefined {
  if (!given(value)) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function extraOf(wire: Wire): Wire | null {
  const kept = EXTRAS.filter((name) => given(wire[name])).map((name) => [name, wire[name]]);
  return kept.length === 0 ? null : (Object.fromEntries(kept) as Wire);
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A score as LangSmith shows it. The Python SDK insists on its nullable fields too. */
export function toWireFeedback(feedback: Feedback): Wire {
  const extra = (feedback.extra ?? {}) as Wire; // as kept above
  return {
    id: feedback.id,
    run_id: feedback.runId,
    trace_id: feedback.traceId ?? feedback.runId,
    session_id: feedback.projectId,
    key: feedback.key,
    score: feedback.score,
    value: feedback.value ?? null,
    correction: feedback.correction ?? null,
    comment: feedback.comment,
    feedback_source: feedback.source ?? null,
    comparative_experiment_id: feedback.comparativeExperimentId,
    feedback_group_id: extra["feedback_group_id"] ?? null,
    extra: extra["extra"] ?? null,
    created_at: wireTime(feedback.createdAt),
    modified_at: wireTime(feedback.modifiedAt),
  };
}
