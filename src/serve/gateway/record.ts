import { type CallRecord, type CallStatus, type FindingRecord, tenantOf } from "../../core/call.ts";
import type { ChatEvent, FinishReason, GenerateRequest, Usage } from "../../core/chat.ts";
import type { ErrorCode, WeirError } from "../../core/errors.ts";
import type { Nanos } from "../../core/money.ts";
import { costsOf } from "./estimate.ts";
import type { AttemptRecord } from "./attempt.ts";
import type { CallContext, GatewayNeeds, Target } from "./needs.ts";
import { type StageTimes, toTimeline } from "./timeline.ts";

/** What a call came to, by the price of the target that answered. */
export interface CallCost {
  readonly input: Nanos;
  readonly output: Nanos;
  readonly version: string | null;
}

/** How a call ended, and what it came to. */
export interface Outcome {
  readonly model: string;
  readonly status: CallStatus;
  readonly error: WeirError | undefined;
  /** Whether the client had its 200 before the end. */
  readonly hasBegun: boolean;
  readonly usage: Usage;
  readonly usageEstimated: boolean;
  readonly cost: CallCost | null;
  readonly finishReason: FinishReason | null;
  readonly findings: readonly FindingRecord[];
  readonly times: StageTimes;
  /** The target that answered, or the last one tried. */
  readonly target: Target | undefined;
  readonly attempts: readonly AttemptRecord[];
  readonly cache?: CallRecord["cache"];
  readonly release?: CallRecord["release"];
  readonly request: GenerateRequest | null;
  readonly output: string | null;
  readonly answerId?: string | undefined;
  /** `monotonic` when settling began. */
  readonly settledAt: number;
}

/** What tokens of a target cost; null where nobody knows its price. */
export function priced(usage: Usage, { price }: Pick<Target, "price">): CallCost | null {
  return price ? { ...costsOf(usage, price), version: price.version ?? null } : null;
}

function costFields(cost: CallCost | null) {
  return {
    costNanos: cost && cost.input + cost.output,
    inputCostNanos: cost && cost.input,
    outputCostNanos: cost && cost.output,
    priceVersion: cost && cost.version,
  };
}

const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "blocked_by_guard",
  "held_for_review",
  "approval_needed",
]);

/** How a call ended that ended with an error: the guard's refusals are no failures. */
export function statusOf({ code }: WeirError): CallStatus {
  return REFUSALS.has(code) ? "blocked" : "error";
}

/** A finished call in the words that watch keeps. */
export function toCallRecord(
  context: CallContext,
  outcome: Outcome,
  { now, monotonic }: Pick<GatewayNeeds, "now" | "monotonic">,
): CallRecord {
  const { error, request, settledAt, status, attempts } = outcome;
  const durationMs = settledAt - context.startedAt;
  const stream = request?.stream ?? false;
  return {
    id: context.traceId,
    at: now() - Math.round(durationMs),
    route: context.route,
    model: outcome.model,
    target: outcome.target?.id ?? null,
    keyId: context.caller.keyId,
    keyName: context.caller.keyName,
    user: request?.user ?? null,
    stream,
    status,
    httpStatus: outcome.hasBegun ? 200 : (error?.status ?? 200),
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
    finishReason: outcome.finishReason,
    usage: outcome.usage,
    usageEstimated: outcome.usageEstimated,
    ...costFields(outcome.cost),
    answerId: outcome.answerId ?? context.answerId ?? null,
    durationMs,
    // The first content of an answer that comes whole comes at its end.
    ttftMs: stream ? msFrom(context.startedAt, outcome.times.firstContentAt) : null,
    attempts: attempts.length,
    cache: outcome.cache ?? null,
    tenantId: tenantOf(context.caller),
    link: context.link ?? null,
    findings: outcome.findings,
    release: outcome.release,
    timeline: toTimeline(context, outcome.times, attempts, { settledAt, endedAt: monotonic() }),
    request,
    output: outcome.output,
  };
}

function msFrom(start: number, end: number | undefined): number | null {
  return end === undefined ? null : end - start;
}

/** Anthropic's streams have it within a message, those of the Responses API within a response. */
export function relayedId(first: ChatEvent | undefined): string | undefined {
  const value = first?.frame?.value;
  for (const holder of [value, value?.["message"], value?.["response"]]) {
    if (typeof holder !== "object" || holder === null || !("id" in holder)) continue;
    if (typeof holder.id === "string") return holder.id;
  }
  return undefined;
}
