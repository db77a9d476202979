import { expect, it } from "vitest";
import type { CallRecord } from "../core/call.ts";
import { silentLog } from "../core/log.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { type Capture, createRecorder } from "./trace/recorder.ts";
import { toSpans } from "./trace/spans.ts";

const CALL: CallRecord = {
  id: "a".repeat(32),
  at: 1000,
  route: "/v1/chat/completions",
  model: "chat",
  target: "llama/demo",
  keyId: "k",
  keyName: "app",
  tenantId: "default",
  link: null,
  cache: null,
  user: null,
  stream: false,
  status: "ok",
  httpStatus: 200,
  errorCode: null,
  errorMessage: null,
  finishReason: "stop",
  usage: { inputTokens: 3, outputTokens: 2, cachedTokens: 1 },
  usageEstimated: false,
  costNanos: 2_000_000_000,
  durationMs: 30,
  ttftMs: 20,
  attempts: 1,
  findings: [{ detector: "pii.card_number", action: "redact", origin: "user", confidence: 0.9 }],
  timeline: {
    authMs: 0.1,
    admitAt: 0.2,
    guardAt: 0.3,
    routeAt: 0.4,
    attemptAt: 0.5,
    settledAt: 29,
    endedAt: 30,
    attempts: [
      {
        target: "a",
        model: "m",
        startedAt: 0.5,
        endedAt: 5,
        errorCode: "provider_failed",
        errorMessage: "broke",
      },
      { target: "b", model: "m", startedAt: 5, endedAt: 29, firstContentAt: 20 },
    ],
  },
  request: {
    kind: "chat",
    model: "chat",
    messages: [
      { role: "system", content: "be kind" },
      {
        role: "user",
        content: [
          { type: "text", text: "my secret" },
          { type: "image", url: "data:image/png;base64,AAAA" },
        ],
      },
    ],
    sampling: {},
    stop: [],
    n: 1,
    stream: false,
  },
  output: "a secret answer",
};

function setUp(capture: Capture = "redacted", append?: (lines: string) => Promise<void>) {
  const kept: string[] = [];
  const planned: (() => void)[] = [];
  const waits: number[] = [];
  const recorder = createRecorder({
    calls: {
      append(bytes) {
        const lines = Buffer.from(bytes).toString();
        if (append) return append(lines);
        kept.push(...lines.trimEnd().split("\n"));
        return Promise.resolve();
      },
    },
    capture: () => capture,
    redact: (text) => text.replaceAll("secret", "[redacted]"),
    log: silentLog,
    later(action, ms) {
      planned.push(action);
      waits.push(ms);
    },
  });
  return { recorder, kept, planned, waits };
}

it("holds a call no longer than a killed process may lose", () => {
  const { recorder, waits } = setUp();
  recorder.record(CALL);
  expect(waits).toHaveLength(1);
  expect(waits[0]).toBeLessThanOrEqual(250);
});

it("hands calls over together, once for many", async () => {
  const { recorder, kept, planned } = setUp();
  recorder.record(CALL);
  recorder.record(CALL);
  expect(planned).toHaveLength(1);
  expect(kept).toEqual([]);
  planned[0]?.();
  await recorder.flush();
  expect(kept).toHaveLength(2);
});

it.each([
  ["full", "my secret", "a secret answer"],
  ["redacted", "my [redacted]", "a [redacted] answer"],
  ["metadata", null, null],
  ["none", null, null],
] as const)("keeps what capture: %s lets it keep", async (capture, preview, output) => {
  const { recorder, kept } = setUp(capture);
  recorder.record(CALL);
  await recorder.flush();
  expect(JSON.parse(kept[0] ?? "")).toMatchObject({
    preview,
    output,
    capture,
    inputTokens: 3,
    cachedTokens: 1,
  });
  expect(kept[0]).not.toContain("base64");
});

it("holds calls while the store refuses, and gives them again", async () => {
  const seen: string[] = [];
  let isFull = true;
  const { recorder, planned } = setUp("none", (lines) => {
    if (isFull) return Promise.reject(new Error("ENOSPC"));
    seen.push(...lines.trimEnd().split("\n"));
    return Promise.resolve();
  });
  recorder.record(CALL);
  await recorder.flush();
  expect(recorder.dropped).toBe(0);
  isFull = false;
  recorder.record(CALL);
  for (const action of planned) action();
  await recorder.flush();
  expect(seen).toHaveLength(2);
});

it("turns a timeline into a waterfall: stages in order, attempts apart", () => {
  const spans = toSpans(CALL);
  expect(spans.map(({ kind, startMs, status }) => `${kind} ${startMs} ${status}`)).toEqual([
    "call 0 ok",
    "auth 0 ok",
    "admit 0.2 ok",
    "guard 0.3 ok",
    "route 0.5 ok",
    "attempt 0.5 error",
    "attempt 5 ok",
    "settle 29 ok",
  ]);
  expect(new Set(spans.map(({ id }) => id)).size).toBe(spans.length);
  expect(spans[6]?.attributes).toEqual({ model: "m", firstContentMs: 15 });
});

it("ends a waterfall where the call was refused", () => {
  const { admitAt, authMs, guardAt } = CALL.timeline;
  const timeline = { authMs, admitAt, guardAt, settledAt: 1, endedAt: 1.1, attempts: [] };
  const spans = toSpans({ ...CALL, status: "blocked", timeline });
  expect(spans.map(({ kind }) => kind)).toEqual(["call", "auth", "admit", "guard", "settle"]);
  expect(spans[0]?.status).toBe("error");
});

it("exposes metrics that add up", () => {
  const metrics = createMetrics(() => 5000);
  metrics.active(1);
  for (let call = 0; call < 3; call++) metrics.observe({ ...CALL, model: 'a"b\\c' });
  const text = metrics.expose([
    { name: "weir_x", help: "X.", type: "gauge", values: [{ labels: {}, value: 7 }] },
  ]);
  expect(text).toContain(
    String.raw`weir_calls_total{model="a\"b\\c",target="llama/demo",status="ok",route="/v1/chat/completions"} 3`,
  );
  expect(text).toMatch(
    /weir_call_duration_seconds_bucket\{[^}]*le="0.025"\} 0\n[^\n]*le="0.05"\} 3/,
  );
  expect(text).toMatch(/weir_cost_dollars_total\{[^}]*\} 6\n/);
  expect(text).toContain(
    'weir_guard_findings_total{detector="pii.card_number",action="redact",origin="user"} 3',
  );
  expect(text).toContain("weir_x 7\n");
  expect(metrics.live).toEqual({ activeCalls: 1, callsPerSecond: 0.3, outputTokensPerSecond: 0.6 });
});
