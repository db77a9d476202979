import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Type, parse } from "protobufjs";
import { expect, it, onTestFinished, vi } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Later } from "../../src/core/time.ts";
import { runIdOfSpan, toUuid } from "../../src/core/trace-ids.ts";
import { callSpans } from "../../src/watch/export/call-spans.ts";
import { type Exporter, createExporter } from "../../src/watch/export/exporter.ts";
import { httpDeliver } from "../../src/watch/export/http-deliver.ts";
import { langsmithBatch } from "../../src/watch/export/langsmith-batch.ts";
import { openSpillFolder } from "../../src/watch/export/spill-folder.ts";
import { createMetrics } from "../../src/watch/metrics/metrics.ts";
import { writeMetrics } from "../../src/watch/otlp/write-metrics.ts";
import { writeSpans } from "../../src/watch/otlp/write-spans.ts";
import type { KeptCall } from "../../src/watch/trace/recorder.ts";
import {
  ADMIN_KEY,
  type TestServer,
  eventually,
  startServer,
  temporaryFolder,
} from "../support/server.ts";
import { type Receiver, closed, receiver, silent, status } from "./receiver.ts";

const CALL: KeptCall = {
  id: "0af7651916cd43dd8448eb211c80319c",
  at: 1_700_000_000_123,
  route: "/v1/chat/completions",
  model: "chat",
  target: "openai/gpt-5",
  keyId: "k",
  keyName: "app",
  user: "ann",
  stream: true,
  status: "ok",
  httpStatus: 200,
  errorCode: null,
  errorMessage: null,
  finishReason: "stop",
  costNanos: 2_000_000,
  durationMs: 1500.25,
  ttftMs: 400,
  attempts: 2,
  cache: "miss",
  tenantId: "default",
  link: null,
  findings: [{ detector: "pii.email", action: "redact", origin: "user", confidence: 0.99 }],
  timeline: {
    authMs: 0.1,
    admitAt: 0.1,
    guardAt: 0.2,
    routeAt: 0.3,
    attemptAt: 0.4,
    settledAt: 1500,
    endedAt: 1500.25,
    attempts: [
      {
        target: "openai/gpt-4",
        model: "gpt-4",
        startedAt: 1,
        endedAt: 90,
        errorCode: "provider_failed",
        errorMessage: "503",
      },
      {
        target: "openai/gpt-5",
        model: "gpt-5",
        reason: "failover",
        startedAt: 100,
        endedAt: 1400,
        firstContentAt: 400,
      },
    ],
  },
  inputTokens: 100,
  outputTokens: 11,
  cachedTokens: 40,
  reasoningTokens: 6,
  capture: "redacted",
  preview: "Hi",
  request: { kind: "chat", model: "chat", messages: [{ role: "user", content: "Hi [EMAIL]" }] },
  output: "Hello",
};

const PROTO = parse(readFileSync(new URL("otlp.proto", import.meta.url), "utf8")).root;

interface PlainValue {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}
interface PlainSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId?: Uint8Array;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly attributes: { readonly key: string; readonly value: PlainValue }[];
  readonly status: { readonly code: number; readonly message?: string };
}

function decoded(type: string, bytes: Uint8Array): object {
  const found: Type = PROTO.lookupType(type);
  return found.toObject(found.decode(bytes), { longs: String });
}

function spansIn(bytes: Uint8Array): PlainSpan[] {
  const { resourceSpans } = decoded("TracesRequest", bytes) as {
    resourceSpans: { scopeSpans: { spans: PlainSpan[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("hex");
const SENDER = {
  resource: new Map([["service.name", "weir"]]),
  scopeName: "weir",
  scopeVersion: "1",
};

function valuesOf(span: PlainSpan | undefined): Record<string, unknown> {
  const pairs = (span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]);
  return Object.fromEntries(pairs) as Record<string, unknown>;
}

it("writes a call, its stages, attempts and findings as spans that others read", () => {
  const spans = spansIn(writeSpans(callSpans(CALL, { content: false }), SENDER));
  const names = spans.map(({ name }) => name);
  expect(names).toEqual([
    "chat chat",
    "find the key",
    "limits and budget",
    "inspect the input",
    "guard pii.email",
    "look for the answer",
    "find a target with room",
    "attempt openai/gpt-4",
    "attempt openai/gpt-5",
    "count, price, record",
  ]);
  const [root] = spans;
  expect({
    trace: hex(root?.traceId),
    span: hex(root?.spanId),
    parent: root?.parentSpanId,
  }).toEqual({
    trace: CALL.id,
    span: CALL.id.slice(16),
    parent: undefined,
  });
  expect(root?.startTimeUnixNano).toBe("1700000000123000000");
  expect(new Set(spans.map(({ spanId }) => hex(spanId))).size).toBe(spans.length);
  const guard = spans[names.indexOf("inspect the input")];
  expect(hex(spans[names.indexOf("guard pii.email")]?.parentSpanId)).toBe(hex(guard?.spanId));
  expect(valuesOf(root)).toMatchObject({
    "gen_ai.request.model": "chat",
    "gen_ai.response.model": "gpt-5",
    "gen_ai.usage.input_tokens": "100",
    "gen_ai.usage.cache_read.input_tokens": "40",
    "gen_ai.response.time_to_first_chunk": 0.4,
    "weir.status": "success",
  });
  const failed = spans[names.indexOf("attempt openai/gpt-4")];
  expect(failed?.status).toEqual({ code: 2, message: "503" });
  expect(valuesOf(failed)).toMatchObject({ "error.type": "provider_failed" });
  expect(JSON.stringify(spans.map(valuesOf))).not.toContain("EMAIL");
});

it("sends texts only where it is told to, and those that were kept", () => {
  const [root] = spansIn(writeSpans(callSpans(CALL, { content: true }), SENDER));
  const { "gen_ai.input.messages": asked, "gen_ai.output.messages": answered } = valuesOf(root);
  expect(JSON.parse(String(asked))).toEqual([
    { role: "user", parts: [{ type: "text", content: "Hi [EMAIL]" }] },
  ]);
  expect(JSON.parse(String(answered))).toMatchObject([{ parts: [{ content: "Hello" }] }]);
});

it("hangs the call under its client's span", () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const parentRunId = runIdOfSpan(traceId, "00f067aa0ba902b7");
  const link = {
    traceId: toUuid(traceId),
    parentRunId,
    dottedOrder: null,
    project: null,
    tags: [],
    metadata: {},
  };
  const [root] = spansIn(writeSpans(callSpans({ ...CALL, link }, { content: false }), SENDER));
  expect([hex(root?.traceId), hex(root?.parentSpanId)]).toEqual([traceId, "00f067aa0ba902b7"]);
});

it("writes metrics that others read: sums, gauges, histograms with exemplars", () => {
  const metrics = createMetrics(() => 0);
  const { inputTokens, outputTokens, capture: _, preview: __, ...call } = CALL;
  const usage = { inputTokens, outputTokens };
  metrics.observe({ ...call, usage, usageEstimated: false, request: null });
  const families = metrics.families([
    {
      name: "weir_x_bytes",
      help: "X.",
      type: "gauge",
      values: [{ labels: { a: 'q"\n' }, value: 7.5 }],
    },
  ]);
  const bytes = writeMetrics(families, SENDER, { startedAt: 1000, now: 2000 });
  const { resourceMetrics } = decoded("MetricsRequest", bytes) as {
    resourceMetrics: {
      scopeMetrics: { metrics: { name: string; [field: string]: unknown }[] }[];
    }[];
  };
  const all = resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
  const named = (name: string) => all.find((metric) => metric.name === name);
  expect(named("weir_calls_total")).toMatchObject({
    sum: {
      isMonotonic: true,
      aggregationTemporality: 2,
      dataPoints: [{ asDouble: 1, timeUnixNano: "2000000000" }],
    },
  });
  expect(named("weir_x_bytes")).toMatchObject({
    unit: "By",
    gauge: {
      dataPoints: [{ asDouble: 7.5, attributes: [{ key: "a", value: { stringValue: 'q"\n' } }] }],
    },
  });
  const { dataPoints } = (named("weir_call_duration_seconds")?.["histogram"] ?? {
    dataPoints: [],
  }) as {
    dataPoints: {
      count: string;
      bucketCounts: string[];
      explicitBounds: number[];
      exemplars: { traceId: Uint8Array }[];
    }[];
  };
  const [point] = dataPoints;
  expect(point).toMatchObject({ count: "1", sum: 1.50025 });
  expect(point?.bucketCounts).toHaveLength((point?.explicitBounds.length ?? 0) + 1);
  expect(hex(point?.exemplars[0]?.traceId)).toBe(CALL.id);
});

/** An exporter whose pauses pass when the test says so. */
async function exporter(
  { url }: Receiver,
  { folder = temporaryFolder(), spillBytes = 1e6, memoryBytes = 1e6, timeoutMs = 5000 } = {},
) {
  const pauses: { ms: number; pass: () => void }[] = [];
  const later: Later = (ms, run) => {
    const pause = { ms, pass: run };
    pauses.push(pause);
    return () => void pauses.splice(pauses.indexOf(pause), 1);
  };
  const made: Exporter = createExporter({
    receiver: "test",
    encode: (calls) => langsmithBatch(calls, "weir"),
    deliver: httpDeliver({ url, headers: { "content-type": "x" }, timeoutMs, now: Date.now }),
    spill: await openSpillFolder(join(folder, "spill"), spillBytes),
    later,
    random: () => 0,
    log: silentLog,
    batchMs: 50,
    retryMs: 1000,
    memoryBytes,
  });
  onTestFinished(() => made.close());
  return { made, pauses, pass: () => pauses.shift()?.pass() };
}

it.each([
  ["429 with Retry-After", status(429, { "retry-after": "7" }), 7000],
  ["503", status(503), 500],
  ["a closed connection", closed, 500],
  ["silence", silent, 500],
])("tries again after %s, and loses nothing", async (_, answer, ms) => {
  const double = await receiver();
  double.answers.push(answer);
  const { made, pauses, pass } = await exporter(double, { timeoutMs: 300 });
  made.offer(CALL);
  await made.flush();
  expect(made.figures()).toMatchObject({
    sent: 0,
    retries: 1,
    trouble: expect.any(String) as string,
  });
  expect(pauses.map((pause) => pause.ms)).toEqual([ms]);
  pass();
  await made.flush();
  expect(made.figures()).toMatchObject({ sent: 1, dropped: 0, trouble: null, waitingBytes: 0 });
  expect(double.received[1]?.body).toEqual(double.received[0]?.body);
});

it("waits longer after each failure", async () => {
  const double = await receiver();
  double.answers.push(status(503), status(503), status(503));
  const { made, pauses, pass } = await exporter(double);
  made.offer(CALL);
  const waited: number[] = [];
  for (let at = 0; at < 3; at++) {
    await made.flush();
    waited.push(pauses[0]?.ms ?? 0);
    pass();
  }
  expect(waited).toEqual([500, 1000, 2000]);
  await made.flush();
  expect(made.figures().sent).toBe(1);
});

it("drops what will never be taken, and counts it", async () => {
  const double = await receiver();
  double.answers.push(status(400));
  const { made } = await exporter(double);
  made.offer(CALL);
  await made.flush();
  expect(made.figures()).toMatchObject({ sent: 0, dropped: 1, trouble: "it answered 400" });
});

it("keeps on disk what memory has no room for, over a restart, and drops what the disk has none for", async () => {
  const double = await receiver();
  double.answers.push(status(503));
  const folder = temporaryFolder();
  const first = await exporter(double, { folder, memoryBytes: 900, spillBytes: 1800 });
  for (let at = 0; at < 5; at++) {
    first.made.offer({ ...CALL, id: CALL.id.slice(0, 31) + String(at) });
    await first.made.flush();
  }
  const { dropped, spilledBytes } = first.made.figures();
  expect(dropped).toBeGreaterThan(0);
  expect(spilledBytes).toBeGreaterThan(0);
  expect(spilledBytes).toBeLessThanOrEqual(1800);
  await first.made.close();
  const kept = first.made.figures();
  const sentBefore = double.received.length;
  const second = await exporter(double, { folder });
  await second.made.flush();
  expect(double.received.length).toBeGreaterThan(sentBefore);
  expect(second.made.figures().spilledBytes).toBe(0);
  const ids = new Set(
    double.received
      .slice(sentBefore)
      .flatMap(({ body }) => body.toString().match(/name="post\.[0-9a-f-]{36}"/g) ?? []),
  );
  expect(ids.size).toBe(5 - kept.dropped);
});

it("does not wait for a silent receiver when it ends: the rest stays on disk", async () => {
  const double = await receiver();
  double.answers.push(silent);
  const folder = temporaryFolder();
  const { made, pass } = await exporter(double, { folder, timeoutMs: 60_000 });
  made.offer(CALL);
  pass();
  await double.came(1);
  const closing = made.close();
  await vi.waitUntil(() => {
    pass();
    return made.figures().spilledBytes > 0;
  });
  await closing;
  const next = await exporter(double, { folder });
  await next.made.flush();
  expect(double.received[1]?.body).toEqual(double.received[0]?.body);
});

it("sends nothing of a call that is only counted", async () => {
  const double = await receiver();
  const { made, pauses } = await exporter(double);
  made.offer({ ...CALL, capture: "none" });
  await made.flush();
  expect({ pauses, received: double.received }).toEqual({ pauses: [], received: [] });
});

it("does not follow a receiver that points elsewhere: the key stays here", async () => {
  const [double, elsewhere] = [await receiver(), await receiver()];
  double.answers.push(status(307, { location: elsewhere.url }));
  const { made } = await exporter(double);
  made.offer(CALL);
  await made.flush();
  expect(elsewhere.received).toEqual([]);
  expect(made.figures().dropped).toBe(1);
});

/** A Weir whose calls go to another one. */
async function pair(exported: string, more = "") {
  const far = await startServer("models: {}\ntraces: { capture: full }");
  const mock = await createMockUpstream();
  onTestFinished(() => mock.close());
  const env = {
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${ADMIN_KEY}`,
    LANGSMITH_ENDPOINT: new URL("/api/v1", far.url).href,
    LANGSMITH_API_KEY: ADMIN_KEY,
    LANGSMITH_PROJECT: "from-weir",
  };
  const near = await startServer(
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up, price: { input: 1 USD, output: 2 USD } }] } }
traces: { capture: redacted, export: ${exported.replace("FAR", far.url.replace(/\/$/, ""))} }
${more}`,
    { env },
  );
  return { far, near };
}

const SECRET = `sk-proj-${"a1B2".repeat(8)}`;

async function ask(near: TestServer) {
  const content = `Write to me with ${SECRET}, please.`;
  const body = { model: "chat", stream: true, user: "u-1", messages: [{ role: "user", content }] };
  const answer = await near.call("/v1/chat/completions", body);
  await answer.text();
  return toUuid(answer.headers.get("x-weir-trace-id") ?? "");
}

async function arrived(far: TestServer, id: string): Promise<Record<string, unknown>> {
  const answer = await eventually(
    () => far.call(`/api/v1/runs/${id}`),
    ({ status }) => status === 200,
  );
  return (await answer.json()) as Record<string, unknown>;
}

it("sends its calls by OTLP to another Weir, masked, with stages and attempts under them", async () => {
  const { far, near } = await pair(`{ otlp: { url: "FAR/otlp", content: true } }`);
  const id = await ask(near);
  const run = await arrived(far, id);
  expect(run).toMatchObject({ name: "chat chat", run_type: "llm", status: "success" });
  expect(Number(run["prompt_tokens"])).toBeGreaterThan(0);
  expect(Number(run["total_cost"])).toBeGreaterThan(0);
  expect(JSON.stringify(run["inputs"])).toContain("Write to");
  expect(JSON.stringify(run)).not.toContain(SECRET);
  const all = await eventually(
    async () => {
      const answer = await far.call("/api/v1/runs/query", { trace: id });
      return ((await answer.json()) as { runs: { name: string; parent_run_id: string | null }[] })
        .runs;
    },
    (runs) => runs.length > 4,
  );
  const attempt = all.find(({ name }) => name.startsWith("attempt "));
  expect(attempt?.parent_run_id).toBe(id);
});

it("sends its calls to LangSmith, as another Weir understands it", async () => {
  const { far, near } = await pair("{ langsmith: {} }");
  const id = await ask(near);
  const run = await arrived(far, id);
  expect(run).toMatchObject({ name: "chat", run_type: "llm", status: "success", trace_id: id });
  expect(run["first_token_time"]).toEqual(expect.any(String));
  expect(Number(run["completion_tokens"])).toBeGreaterThan(0);
  expect(JSON.stringify(run["inputs"])).toContain("Write to");
  expect(JSON.stringify(run)).not.toContain(SECRET);
  const projects = (await (await far.call("/api/v1/sessions?name=from-weir")).json()) as object[];
  expect(projects).toHaveLength(1);
  const text = await (await near.call("/metrics")).text();
  expect(text).toMatch(/weir_export_calls_total\{receiver="langsmith"\} 1\n/);
});

it("pushes its metrics to a collector", async () => {
  const collector = await receiver();
  const server = await startServer(
    `models: {}\ntraces: { export: { otlp: { url: "${collector.url}", metricsEvery: 50ms, serviceName: edge } } }`,
    { env: { OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%3Db, x=1" } },
  );
  await collector.came(1);
  const [{ path, headers, body } = { path: "", headers: {}, body: Buffer.alloc(0) }] =
    collector.received;
  expect({ path, key: headers["api-key"], x: headers["x"], type: headers["content-type"] }).toEqual(
    {
      path: "/v1/metrics",
      key: "a=b",
      x: "1",
      type: "application/x-protobuf",
    },
  );
  expect(JSON.stringify(decoded("MetricsRequest", body))).toContain('"edge"');
  await server.close();
});

it("does not start where LangSmith's key is missing, and says which variable has it", async () => {
  const start = startServer("models: {}\ntraces: { export: { langsmith: { apiKeyEnv: MY_KEY } } }");
  await expect(start).rejects.toThrow(/set the environment variable MY_KEY/);
});
