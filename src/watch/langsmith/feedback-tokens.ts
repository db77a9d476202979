import { WeirError } from "../../core/errors.ts";
import type { Feedback } from "../../core/run.ts";
import type { Traces } from "../trace/traces.ts";
import { feedbackOf, isRejected } from "./feedback-wire.ts";
import type { Wire } from "./run-fields.ts";
import type { Shelf } from "./shelf.ts";
import { uuidOf } from "./uuid.ts";
import { timeOf, wireTime } from "./wire-time.ts";

export interface FeedbackTokensNeeds {
  readonly shelf: Shelf;
  readonly traces: Pick<Traces, "putFeedback">;
  readonly now: () => number;
  readonly newId: () => string;
}

const KIND = "feedback-token";
const HOUR_MS = 3_600_000;
/** As long as LangSmith's last where nothing is said. */
const DEFAULT_MS = 3 * HOUR_MS;
const MAX_MS = 365 * 24 * HOUR_MS;

interface Kept {
  readonly runId: string;
  readonly key: string;
  readonly expiresAt: number;
}

export type FeedbackTokens = ReturnType<typeof createFeedbackTokens>;

/** Addresses by which somebody without a key may score one run under one key. */
export function createFeedbackTokens({ shelf, traces, now, newId }: FeedbackTokensNeeds) {
  return {
    async create(wire: Wire, tenantId: string, origin: string): Promise<Wire> {
      const runId = uuidOf(wire["run_id"]);
      if (runId === undefined) throw invalid("run_id", "must be a run's UUID");
      const key = wire["feedback_key"];
      if (typeof key !== "string" || key === "") throw invalid("feedback_key", "must be a text");
      const expiresAt = expiryOf(wire, now());
      const id = newId();
      const value: Kept = { runId, key, expiresAt };
      const at = now();
      await shelf.write([{ op: "put", kind: KIND, tenantId, id, parentId: runId, value, at }]);
      return toWire(id, value, origin);
    },

    async list(runId: string, tenantId: string, page: Page & { readonly origin: string }) {
      const { limit, offset, origin } = page;
      const records = await shelf.list({ kind: KIND, tenantId, parentId: runId, limit, offset });
      return records.map(({ id, value }) => toWire(id, value as Kept, origin)); // as written above
    },

    /** A score by way of such an address. Rejects with not_found for one that is none, or no more. */
    async score(token: string, wire: Wire): Promise<Feedback> {
      const id = uuidOf(token);
      const record = id === undefined ? undefined : await shelf.get(KIND, id);
      const kept = record?.value as Kept | undefined; // as written above
      if (!record || !kept || kept.expiresAt <= now()) {
        throw new WeirError("not_found", "This link for feedback is unknown, or its time is over.");
      }
      const { score, value, comment, correction, metadata } = wire;
      const said = { score, value, comment, correction, key: kept.key, run_id: kept.runId };
      const source = { type: "api", metadata: metadata ?? {} };
      const feedback = feedbackOf(
        { ...said, feedback_source: source },
        { tenantId: record.tenantId, receivedAt: now() },
        { part: "feedback" },
      );
      if (isRejected(feedback)) throw invalid(feedback.field ?? "feedback", feedback.reason);
      await traces.putFeedback(feedback);
      return feedback;
    },
  };
}

interface Page {
  readonly limit: number;
  readonly offset: number;
}

function toWire(id: string, { expiresAt, key }: Kept, origin: string): Wire {
  return {
    id,
    url: `${origin}/api/v1/feedback/tokens/${id}`,
    expires_at: wireTime(expiresAt),
    feedback_key: key,
  };
}

/** `expires_at`, or `expires_in` with days, hours and minutes. */
function expiryOf(wire: Wire, now: number): number {
  const { expires_at: at, expires_in: within } = wire;
  if (at !== undefined && at !== null) {
    const time = timeOf(at);
    if (time === undefined) throw invalid("expires_at", "must be a time");
    return Math.min(time, now + MAX_MS);
  }
  if (typeof within !== "object" || within === null) return now + DEFAULT_MS;
  const { days = 0, hours = 0, minutes = 0 } = within as Record<string, unknown>; // checked below
  const ms = (Number(days) * 24 + Number(hours)) * HOUR_MS + Number(minutes) * 60_000;
  if (!Number.isFinite(ms)) throw invalid("expires_in", "must have days, hours and minutes");
  return now + Math.min(Math.max(ms, 0), MAX_MS);
}

function invalid(param: string, what: string): WeirError {
  return new WeirError("invalid_request", `"${param}" ${what}.`, { param, status: 422 });
}
