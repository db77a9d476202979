import type { FindingRecord } from "../../core/call.ts";
import type { GenerateRequest } from "../../core/chat.ts";
import { estimateTokens } from "../../serve/gateway/estimate.ts";
import type { Target } from "../../serve/gateway/needs.ts";
import type { Outcome } from "../../serve/gateway/record.ts";
import type { AnswerWatch } from "../../ship/rollout/answer-watch.ts";
import type { CallFacts } from "../../ship/rollout/marks.ts";

const GIVEN_AGAIN: ReadonlySet<unknown> = new Set(["hit", "joined", "similar"]);

/**
 * What a call says of the side that it was on; null: nothing, it never got there. A side has failed where
 * its own first attempt has, though another target may have answered its client.
 */
export function factsOf(
  outcome: Outcome,
  watch: AnswerWatch,
  isOwn: (target: Target) => boolean,
): CallFacts | null {
  const { attempts, cache, findings, request, times, status } = outcome;
  if (GIVEN_AGAIN.has(cache) || !request) return null;
  const guardHit = findings.some(hasActed);
  // Refused by a limit, or left before anybody was asked.
  if (times.attemptAt === undefined && !guardHit) return null;
  const first = attempts[0];
  const wasAsked = times.attemptAt !== undefined;
  const aborted = status === "canceled";
  const broke = first ? first.error !== undefined || !isOwn(first.target) : !aborted;
  const failed = wasAsked && broke;
  const answered = wasAsked && !failed && !aborted && status === "ok";
  return {
    failed,
    aborted,
    guardHit,
    guardCritical: findings.some(hasStopped),
    isValid: answered ? watch.isValid : null,
    refused: answered && watch.refused,
    ...(answered ? valuesOf(outcome) : NO_VALUES),
    promptTokens: estimateTokens(request),
    cachedTokens: outcome.usage.cachedTokens ?? 0,
  };
}

const NO_VALUES = { ttftMs: null, itlMs: null, outputTokens: null, costNanos: null };

function valuesOf({ attempts, usage, usageEstimated, cost, request }: Outcome) {
  const { startedAt, firstContentAt, endedAt } = attempts[0] ?? {};
  const isStream = request?.stream === true && startedAt !== undefined;
  const ttftMs = isStream && firstContentAt !== undefined ? firstContentAt - startedAt : null;
  const { outputTokens } = usage;
  const between = outputTokens - 1;
  const lasted = firstContentAt !== undefined && endedAt !== undefined && endedAt - firstContentAt;
  return {
    ttftMs,
    itlMs: isStream && lasted !== false && between > 0 ? lasted / between : null,
    outputTokens: usageEstimated && !isStream ? null : outputTokens,
    costNanos: cost ? cost.input + cost.output : null,
  };
}

/** A copy that the candidate's own guard did not let in. */
export function stoppedAtTheDoor(request: GenerateRequest): CallFacts {
  return {
    failed: false,
    aborted: false,
    guardHit: true,
    guardCritical: false,
    isValid: null,
    refused: false,
    ...NO_VALUES,
    promptTokens: estimateTokens(request),
    cachedTokens: 0,
  };
}

/** What the guard did to a prompt or an answer, not only saw. */
function hasActed({ action }: FindingRecord): boolean {
  return action === "block" || action === "redact" || action === "hold";
}

function hasStopped({ action, origin }: FindingRecord): boolean {
  return origin === "assistant" && (action === "block" || action === "hold");
}
