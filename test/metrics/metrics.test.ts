import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import type { CallRecord } from "../../src/core/call.ts";
import { formatFor } from "../../src/watch/metrics/exposition.ts";
import { Labelled } from "../../src/watch/metrics/labelled.ts";
import { timesOf } from "../../src/watch/metrics/latencies.ts";
import { createMetrics } from "../../src/watch/metrics/metrics.ts";
import { errorClassOf } from "../../src/watch/metrics/outcomes.ts";
import { eventually, startServer } from "../support/server.ts";

const CALL: CallRecord = {
  id: "0af7651916cd43dd8448eb211c80319c",
  at: 1_700_000_000_123,
  route: "/v1/chat/completions",
  model: "chat",
  target: "openai/gpt",
  keyId: "k",
  keyName: "app",
  user: "ann@example.org",
  stream: true,
  status: "ok",
  httpStatus: 200,
  errorCode: null,
  errorMessage: null,
  finishReason: "stop",
  usage: { inputTokens: 100, outputTokens: 11, cachedTokens: 40, reasoningTokens: 6 },
  usageEstimated: false,
  costNanos: 2_000_000,
  durationMs: 1500,
  ttftMs: 400,
  attempts: 1,
  cache: null,
  tenantId: "default",
  link: null,
  findings: [{ detector: "pii.email", action: "redact", origin: "user", confidence: 1 }],
  timeline: {
    authMs: 0.1,
    admitAt: 0.1,
    guardAt: 0.2,
    routeAt: 0.3,
    attemptAt: 0.4,
    settledAt: 1500,
    endedAt: 1500.2,
    attempts: [
      { target: "openai/gpt", model: "gpt", startedAt: 100, endedAt: 1400, firstContentAt: 400 },
    ],
  },
  request: null,
  output: null,
};

function linesOf(text: string, name: string): string[] {
  return text.split("\n").filter((line) => line.startsWith(name));
}

it("tells a call's time apart: queue, prefill, decode, and the time of one token", () => {
  const { whole, queue, firstToken, prefill, decode, perToken } = timesOf(CALL);
  expect({ whole, firstToken, prefill, decode, perToken }).toEqual({
    whole: 1.5,
    firstToken: 0.4,
    prefill: 0.3,
    decode: 1,
    perToken: 0.1,
  });
  expect(queue).toBeCloseTo(0.0996);
  expect(timesOf({ ...CALL, stream: false })).toMatchObject({ decode: undefined });
});

it("counts in vLLM's buckets and under the GenAI conventions' names", () => {
  const metrics = createMetrics(() => 0);
  metrics.observe(CALL);
  const text = metrics.expose([]);
  const model = 'model="chat",target="openai/gpt"';
  expect(text).toContain(`weir_time_to_first_token_seconds_bucket{${model},le="0.25"} 0\n`);
  expect(text).toContain(`weir_time_to_first_token_seconds_bucket{${model},le="0.5"} 1\n`);
  expect(text).toContain(`weir_time_per_output_token_seconds_bucket{${model},le="0.1"} 1\n`);
  expect(text).toContain(`weir_e2e_request_latency_seconds_count{${model}} 1\n`);
  expect(text).toContain(`weir_request_decode_time_seconds_sum{${model}} 1\n`);
  const genAi =
    'gen_ai_provider_name="weir",gen_ai_operation_name="chat",gen_ai_request_model="chat"';
  expect(text).toContain(
    `gen_ai_server_request_duration_seconds_bucket{${genAi},error_type="",le="1.28"} 0\n`,
  );
  expect(text).toContain(`gen_ai_server_time_to_first_token_seconds_count{${genAi}} 1\n`);
  expect(text).toContain(`gen_ai_client_token_usage_sum{${genAi},gen_ai_token_type="input"} 100\n`);
  expect(text).toContain(
    'gen_ai_client_operation_duration_seconds_sum{gen_ai_operation_name="chat",gen_ai_request_model="gpt",weir_target="openai/gpt",error_type=""} 1.3\n',
  );
  expect(text).toMatch(/weir_reasoning_tokens_total\{[^}]*\} 6\n/);
  expect(text).toContain('weir_guard_verdicts_total{model="chat",verdict="redact"} 1\n');
});

it("never shows who asked", () => {
  const metrics = createMetrics(() => 0);
  metrics.observe(CALL);
  for (const format of ["text", "openmetrics"] as const) {
    expect(metrics.expose([], format)).not.toMatch(/ann@|keyName|"app"/);
  }
});

it("names a trace beside its bucket in OpenMetrics, and nowhere else", () => {
  const metrics = createMetrics(() => 0);
  metrics.observe(CALL);
  const text = metrics.expose([], "openmetrics");
  expect(text).toMatch(
    /weir_call_duration_seconds_bucket\{[^}]*le="2.5"\} 1 # \{trace_id="0af7651916cd43dd8448eb211c80319c"\} 1.5 1700000000.123\n/,
  );
  expect(text).toContain("# TYPE weir_calls counter\n");
  expect(text).toContain("weir_calls_total{");
  expect(text.endsWith("# EOF\n")).toBe(true);
  expect(metrics.expose([])).not.toContain("trace_id");
});

it("names the client's own trace where the call hangs in one", () => {
  const metrics = createMetrics(() => 0);
  const traceId = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736";
  const link = {
    traceId,
    parentRunId: null,
    dottedOrder: null,
    project: null,
    tags: [],
    metadata: {},
  };
  metrics.observe({ ...CALL, link });
  expect(metrics.expose([], "openmetrics")).toContain(`trace_id="${traceId.replaceAll("-", "")}"`);
});

it("classes what failed", () => {
  const metrics = createMetrics(() => 0);
  metrics.observe({ ...CALL, status: "error", errorCode: "provider_failed" });
  metrics.observe({ ...CALL, status: "error", errorCode: "provider_timed_out" });
  expect(linesOf(metrics.expose([]), "weir_call_errors_total{")).toEqual([
    'weir_call_errors_total{model="chat",target="openai/gpt",class="upstream",code="provider_failed"} 1',
    'weir_call_errors_total{model="chat",target="openai/gpt",class="timeout",code="provider_timed_out"} 1',
  ]);
  expect(errorClassOf("storage_full")).toBe("server");
  expect(errorClassOf("unauthorized")).toBe("client");
});

it("has no series for names that clients make up, and no more series than are bearable", () => {
  const metrics = createMetrics(() => 0);
  for (let at = 0; at < 50; at++) {
    metrics.observe({
      ...CALL,
      model: `made-up-${at}`,
      target: null,
      status: "error",
      errorCode: "model_not_found",
    });
  }
  expect(linesOf(metrics.expose([]), "weir_calls_total{")).toHaveLength(1);
  for (let at = 0; at < 3000; at++) metrics.observe({ ...CALL, model: `m${at}` });
  const lines = linesOf(metrics.expose([]), "weir_calls_total{");
  expect(lines).toHaveLength(1000);
  expect(lines.at(-1)).toMatch(/model="other",target="other",status="other",route="other"\} 2002$/);
});

it("counts together what comes when there are too many", () => {
  const counted = new Labelled(["a"], () => ({ count: 0 }), 3);
  for (const value of ["x", "y", "z", "w", "x"]) counted.of(value).count += 1;
  expect(Array.from(counted.all(), ({ labels, thing }) => [labels, thing.count])).toEqual([
    ['a="x"', 2],
    ['a="y"', 1],
    ['a="other"', 2],
  ]);
});

it.each([
  [undefined, "text"],
  ["*/*", "text"],
  [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "openmetrics",
  ],
  ["application/openmetrics-text;q=0, text/plain", "text"],
])("answers %s with %s", (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});

it("shows calls, machine and engines at /metrics, in either format", async () => {
  const mock = await createMockUpstream();
  onTestFinished(() => mock.close());
  const server = await startServer(
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  const body = { model: "chat", stream: true, messages: [{ role: "user", content: "Hi" }] };
  const whole = await server.call("/v1/chat/completions", { ...body, stream: false });
  await whole.text();
  const answer = await server.call("/v1/chat/completions", body);
  await answer.text();
  const ask = (accept: string) => server.call("/metrics", undefined, { headers: { accept } });
  const text = await eventually(
    async () => (await ask("text/plain")).text(),
    (text) => text.includes("weir_time_to_first_token_seconds_count"),
  );
  // An answer that comes whole has no first token.
  expect(text).toMatch(/weir_e2e_request_latency_seconds_count\S* 2\n/);
  for (const name of ["weir_time_to_first_token", "gen_ai_server_time_to_first_token"]) {
    expect(text).toMatch(new RegExp(`${name}_seconds_count\\S* 1\\n`));
  }
  expect(text).toMatch(/weir_first_content_seconds_count\S* 1\n/);
  expect(text).toMatch(/weir_host_memory_bytes\{state="total"\} \d{6,}/);
  await eventually(
    async () => (await ask("text/plain")).text(),
    (later) => /weir_traces_received_total 2\n/.test(later) && /weir_traces_up 1\n/.test(later),
  );
  expect(text).toMatch(/process_cpu_seconds_total [\d.]+\n/);
  const open = await ask("application/openmetrics-text");
  expect(open.headers.get("content-type")).toContain("application/openmetrics-text; version=1.0.0");
  const id = answer.headers.get("x-weir-trace-id") ?? "";
  expect(await open.text()).toContain(`# {trace_id="${id}"}`);
});
