import { createHash } from "node:crypto";
import type { Feedback, Run, RunRecord } from "../../src/core/run.ts";
import type { RunBatch } from "../../src/core/run-batch.ts";

/** Runs as a trace store is given them. */

export const NOW = Date.UTC(2026, 5, 15, 12, 30);
export const DAY = 86_400_000;

/** The same id for the same word. */
export function idOf(word: string): string {
  const hex = createHash("sha1").update(word).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** LangSmith's order of a root. */
function orderOf(at: number, id: string): string {
  const micros = String(Math.round((at % 1) * 1000)).padStart(3, "0");
  const time = new Date(Math.floor(at)).toISOString().replaceAll(/[-:.]/g, "").slice(0, -1);
  return `${time}${micros}Z${id}`;
}

/** A finished run of its own trace; `word` is its name and gives its id. */
export function run(word: string, more: Partial<Run> = {}): Run {
  const id = idOf(word);
  const at = more.at ?? NOW;
  const durationMs = more.durationMs === undefined ? 5 : more.durationMs;
  return {
    id,
    traceId: id,
    parentId: null,
    dottedOrder: orderOf(at, id),
    tenantId: "default",
    projectId: "p1",
    source: "langsmith",
    name: word,
    type: "chain",
    status: "success",
    at,
    endAt: durationMs === null ? null : at + durationMs,
    durationMs,
    ttftMs: null,
    model: null,
    provider: null,
    target: null,
    route: null,
    keyId: null,
    keyName: null,
    userId: null,
    threadId: null,
    promptVersion: null,
    tags: [],
    metadata: {},
    inputTokens: 0,
    outputTokens: 0,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    imageTokens: 0,
    audioTokens: 0,
    costNanos: null,
    inputCostNanos: null,
    outputCostNanos: null,
    priceVersion: null,
    isEstimated: false,
    errorCode: null,
    errorMessage: null,
    finishReason: null,
    httpStatus: null,
    isStream: false,
    weight: 1,
    referenceExampleId: null,
    inputPreview: null,
    outputPreview: null,
    capture: "full",
    isCovered: false,
    call: null,
    ...more,
  };
}

/** A call of ours under somebody's run, or by itself. */
export function ownCall(word: string, more: Partial<Run> = {}): Run {
  return run(word, {
    source: "call",
    type: "llm",
    call: {
      timeline: { authMs: 0.5 },
      findings: [],
      attempts: 1,
      cache: null,
      queueMs: null,
      answerId: null,
    },
    ...more,
  });
}

export function record(one: Run, more: Partial<RunRecord> = {}): RunRecord {
  const text = [one.name, one.inputPreview, one.outputPreview].filter(Boolean).join(" ");
  return {
    run: one,
    payload: { inputs: { text: one.name } },
    attachments: [],
    isPatched: false,
    text,
    isCountedOnly: false,
    ...more,
  };
}

export function batchOf(records: readonly RunRecord[], more: Partial<RunBatch> = {}): RunBatch {
  return {
    runs: records.map((one) => ({ record: one, before: undefined })),
    feedback: [],
    projects: [],
    position: undefined,
    now: NOW,
    ...more,
  };
}

export function feedback(word: string, more: Partial<Feedback> = {}): Feedback {
  return {
    id: idOf(`feedback ${word}`),
    tenantId: "default",
    runId: null,
    traceId: null,
    projectId: null,
    key: "quality",
    score: null,
    value: null,
    correction: null,
    comment: null,
    source: { type: "api" },
    comparativeExperimentId: null,
    extra: null,
    createdAt: NOW,
    modifiedAt: NOW,
    ...more,
  };
}
