import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Timeline } from "../../src/core/call.ts";
import type { KeptCall } from "../../src/watch/trace/recorder.ts";
import type { IngestRequest } from "../../src/watch/trace/traces.ts";
import type { TraceSettings, TraceThreadData } from "../../src/weir/traces/messages.ts";
import { type TracesClient, openTraces } from "../../src/weir/traces/traces-client.ts";

export const NOW = Date.UTC(2026, 5, 15, 12, 30);

export const SETTINGS: TraceSettings = {
  keepMs: 1e12,
  maxBytes: undefined,
  capture: "full",
  routes: {},
  maxBodyBytes: 64 * 1024 * 1024,
  maxBacklogBytes: 64 * 1024 * 1024,
  isSynced: false,
  prices: [],
};

export function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "weir-traces-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Traces behind their two threads, which end with the test. */
export async function openTestTraces(
  folder: string,
  settings: Partial<TraceSettings> = {},
  keys: TraceThreadData["keys"] = [],
): Promise<TracesClient> {
  const traces = await openTraces({
    folder,
    settings: { ...SETTINGS, ...settings },
    keys,
    onTrouble: () => undefined,
  });
  onTestFinished(() => traces.close());
  return traces;
}

const TIMELINE: Timeline = {
  authMs: 0.1,
  admitAt: 0.2,
  guardAt: 0.3,
  routeAt: 0.4,
  attemptAt: 0.5,
  settledAt: 12,
  endedAt: 12.5,
  attempts: [{ target: "a", model: "m", startedAt: 1.5, endedAt: 12, firstContentAt: 4.5 }],
};

/** A kept call; its id begins with these letters. */
export function call(letters: string, more: Partial<KeptCall> = {}): KeptCall {
  return {
    id: Buffer.from(letters).toString("hex").padEnd(32, "0"),
    at: NOW,
    route: "/v1/chat/completions",
    model: "chat",
    target: "a",
    keyId: "k",
    keyName: "app",
    tenantId: "default",
    link: null,
    cache: null,
    user: null,
    stream: true,
    status: "ok",
    httpStatus: 200,
    errorCode: null,
    errorMessage: null,
    finishReason: "stop",
    inputTokens: 3,
    outputTokens: 2,
    cachedTokens: 0,
    costNanos: 700,
    durationMs: 12.5,
    ttftMs: 4.5,
    attempts: 1,
    findings: [],
    timeline: TIMELINE,
    request: {
      kind: "completion",
      model: "chat",
      prompt: "a question",
      sampling: {},
      stop: [],
      n: 1,
      stream: true,
    },
    output: "an answer about rivers",
    preview: "a question",
    capture: "full",
    ...more,
  };
}

export async function keepCalls(traces: TracesClient, calls: readonly KeptCall[]): Promise<void> {
  const lines = calls.map((one) => `${JSON.stringify(one)}\n`).join("");
  await traces.append(Buffer.from(lines), calls.length);
}

/** A request of POST /runs/batch. */
export function batch(
  { post = [], patch = [] }: { post?: readonly object[]; patch?: readonly object[] },
  more: Partial<IngestRequest> = {},
): IngestRequest {
  return {
    protocol: "langsmith-batch",
    contentType: "application/json",
    contentEncoding: "identity",
    body: Buffer.from(JSON.stringify({ post, patch })),
    tenantId: "default",
    receivedAt: NOW,
    ...more,
  };
}
