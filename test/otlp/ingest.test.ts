import { CompressionAlgorithm } from "@opentelemetry/otlp-exporter-base";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import { gzipSync } from "node:zlib";
import Fastify from "fastify";
import { parse } from "protobufjs";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { WeirError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import { runIdOfSpan, toUuid } from "../../src/core/trace-ids.ts";
import { otlpRoutes } from "../../src/http/routes/otlp.ts";
import { ADMIN_KEY, type TestServer, eventually, startServer } from "../support/server.ts";
import { GENAI, OPENINFERENCE } from "./dialects.ts";
import { child, protobufOf, tracing } from "./support.ts";

/** OpenTelemetry's own exporters as clients, over a real socket. */

const headers = { authorization: `Bearer ${ADMIN_KEY}` };

interface Run {
  readonly id: string;
  readonly trace_id: string;
  readonly parent_run_id: string | null;
  readonly name: string;
  readonly run_type: string;
  readonly status: string;
  readonly prompt_tokens: number;
  readonly inputs: unknown;
  readonly session_id: string;
}

async function runOf(server: TestServer, id: string): Promise<Run> {
  const answer = await eventually(
    () => server.call(`/api/v1/runs/${id}`),
    ({ status }) => status === 200,
  );
  return (await answer.json()) as Run;
}

/** Sends one trace of two spans, and gives their ids. */
async function send(
  exporter: SpanExporter,
): Promise<{ root: string; model: string; traceId: string }> {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": "shop" }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer("test");
  const root = tracer.startSpan("order");
  const model = child(tracer, root, "chat gpt-5-mini", GENAI);
  model.end();
  root.end();
  await provider.forceFlush();
  await provider.shutdown();
  const idOf = (span: typeof root) => {
    const { traceId, spanId } = span.spanContext();
    return runIdOfSpan(traceId, spanId);
  };
  return { root: idOf(root), model: idOf(model), traceId: toUuid(root.spanContext().traceId) };
}

it.each([
  ["protobuf", "/otlp/v1/traces", CompressionAlgorithm.GZIP],
  ["protobuf", "/otel/v1/traces", CompressionAlgorithm.NONE],
  ["protobuf", "/langsmith/otel/v1/traces", CompressionAlgorithm.NONE],
  ["protobuf", "/api/public/otel/v1/traces", CompressionAlgorithm.NONE],
  ["json", "/v1/traces", CompressionAlgorithm.GZIP],
  ["json", "/otlp/v1/traces", CompressionAlgorithm.NONE],
])("takes %s at %s, compression %s", async (encoding, path, compression) => {
  const server = await startServer("models: {}\ntraces: { capture: full }");
  const options = { url: server.url.replace(/\/$/, "") + path, headers, compression };
  const Exporter = encoding === "json" ? JsonExporter : ProtobufExporter;
  const { root, model, traceId } = await send(new Exporter(options));
  expect(await runOf(server, model)).toMatchObject({
    trace_id: traceId,
    parent_run_id: root,
    name: "chat gpt-5-mini",
    run_type: "llm",
    status: "success",
    prompt_tokens: 120,
    inputs: {
      messages: [{ role: "system" }, { role: "user", content: "Weather in Oslo?" }, {}, {}],
    },
  });
  expect(await runOf(server, root)).toMatchObject({ parent_run_id: null, name: "order" });
});

it("joins the client's span, Weir's call, and the upstream's own span to one tree", async () => {
  const mock = await createMockUpstream();
  onTestFinished(() => mock.close());
  const server = await startServer(
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  const { tracer, spans } = tracing();
  const client = tracer.startSpan("app");
  const { traceId, spanId } = client.spanContext();
  const body = { model: "chat", messages: [{ role: "user", content: "Hi" }] };
  const traceparent = `00-${traceId}-${spanId}-01`;
  const answer = await server.call("/v1/chat/completions", body, { headers: { traceparent } });
  await answer.text();
  const callId = toUuid(answer.headers.get("x-weir-trace-id") ?? "");
  client.end();
  // As vLLM would, under what it was told.
  const [, told = "", parent = ""] = String(mock.calls[0]?.headers["traceparent"]).split("-");
  const upstream = {
    traceId: told,
    spanId: "00f067aa0ba902b7",
    parentSpanId: parent,
    name: "llm_request",
  };
  const times = {
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000001000000000",
  };
  const fromEngine = { resourceSpans: [{ scopeSpans: [{ spans: [{ ...upstream, ...times }] }] }] };
  expect((await server.call("/otlp/v1/traces", fromEngine)).status).toBe(200);
  const sent = await server.call("/otlp/v1/traces", undefined, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: new Uint8Array(protobufOf(spans())),
  });
  expect(sent.status).toBe(200);

  const app = runIdOfSpan(traceId, spanId);
  const trace_id = toUuid(traceId);
  expect(await runOf(server, app)).toMatchObject({ trace_id, parent_run_id: null });
  expect(await runOf(server, callId)).toMatchObject({ trace_id, parent_run_id: app });
  expect(await runOf(server, runIdOfSpan(told, upstream.spanId))).toMatchObject({
    trace_id,
    parent_run_id: callId,
  });
});

const Answer = parse(`syntax = "proto3";
  message Answer { Partial partial_success = 1; }
  message Partial { int64 rejected = 1; string error_message = 2; }
  message Status { int32 code = 1; string message = 2; }`).root;

async function post(server: TestServer, path: string, type: string, body: Uint8Array, more = {}) {
  const answer = await server.call(path, undefined, {
    method: "POST",
    headers: { "content-type": type, ...more },
    body: new Uint8Array(body),
  });
  expect(answer.headers.get("content-type")).toBe(type);
  return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()), answer };
}

it.each([
  [{ "langsmith-project": "told" }, "told"],
  [
    { "langsmith-agent-id": "a-1", "langsmith-agent-environment": "prod" },
    "agents/a-1/environments/prod",
  ],
])("takes the project from the headers %o", async (more, project) => {
  const server = await startServer();
  const { tracer, spans } = tracing();
  tracer.startSpan("a").end();
  await post(server, "/v1/traces", "application/x-protobuf", protobufOf(spans()), more);
  const projects = await eventually(
    async () => (await (await server.call("/api/v1/sessions")).json()) as { name: string }[],
    (list) => list.length > 0,
  );
  expect(projects.map(({ name }) => name)).toEqual([project]);
});

it("says what it refused of a batch in the encoding that was asked in", async () => {
  const server = await startServer();
  const { tracer, spans } = tracing();
  tracer.startSpan("good").end();
  tracer.startSpan("bad", { attributes: { ...OPENINFERENCE, "llm.token_count.prompt": -1 } }).end();
  const { status, bytes } = await post(
    server,
    "/otlp/v1/traces",
    "application/x-protobuf",
    protobufOf(spans()),
  );
  expect(status).toBe(200);
  const reason =
    "resourceSpans[0].scopeSpans[0].spans[1].llm.token_count.prompt must not be negative.";
  const told = Answer.lookupType("Answer").toObject(Answer.lookupType("Answer").decode(bytes), {
    longs: Number,
  });
  expect(told).toEqual({ partialSuccess: { rejected: 1, errorMessage: reason } });
  expect(
    Answer.lookupType("Answer").decode(
      (await post(server, "/v1/traces", "application/x-protobuf", new Uint8Array())).bytes,
    ),
  ).toMatchObject({});
});

it("refuses what is none with google.rpc.Status", async () => {
  const server = await startServer();
  const wrong = await post(
    server,
    "/otlp/v1/traces",
    "application/x-protobuf",
    Buffer.from("\n\x7fx"),
  );
  expect(wrong.status).toBe(400);
  const status = Answer.lookupType("Status").toObject(
    Answer.lookupType("Status").decode(wrong.bytes),
  );
  expect(status).toMatchObject({ code: 3, message: expect.stringContaining("protobuf") as string });
  const json = await post(server, "/otlp/v1/traces", "application/json", Buffer.from("{"));
  expect(JSON.parse(Buffer.from(json.bytes).toString())).toEqual({
    code: 3,
    message: "body is not valid JSON.",
  });
  const typed = await server.call("/otlp/v1/traces", undefined, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: "x",
  });
  expect({ status: typed.status, ...((await typed.json()) as object) }).toMatchObject({
    status: 415,
    message: expect.stringContaining("application/x-protobuf") as string,
  });
});

it("asks for a key with the scope traces before it reads anything", async () => {
  const server = await startServer();
  const none = await fetch(new URL("/otlp/v1/traces", server.url), { method: "POST", body: "x" });
  expect(none.status).toBe(401);
  expect(await none.json()).toMatchObject({ code: 16 });
  const made = await server.call("/admin/v1/keys", { name: "app", scopes: ["inference"] });
  const { key } = (await made.json()) as { key: string };
  const { status, bytes } = await post(
    server,
    "/v1/traces",
    "application/json",
    Buffer.from("{}"),
    {
      authorization: `Bearer ${key}`,
    },
  );
  expect(status).toBe(403);
  expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({ code: 7 });
  const ours = await server.call("/admin/v1/keys", { name: "sdk", scopes: ["traces"] });
  const sdk = (await ours.json()) as { key: string };
  const taken = await post(server, "/v1/traces", "application/json", Buffer.from("{}"), {
    authorization: "",
    "x-api-key": sdk.key,
  });
  expect(taken.status).toBe(200);
});

it("leaves metrics to a metrics store, and tells the exporter so once and for all", async () => {
  const server = await startServer();
  const dataPoints = [{ asInt: "1" }, { asInt: "2" }];
  const metrics = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ sum: { dataPoints } }] }] }] };
  const body = gzipSync(JSON.stringify(metrics));
  const { status, bytes } = await post(server, "/otlp/v1/metrics", "application/json", body, {
    "content-encoding": "gzip",
  });
  expect(status).toBe(200);
  expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
    partialSuccess: { rejectedDataPoints: "2" },
  });
});

it("keeps what GenAI libraries log beside their spans", async () => {
  const server = await startServer("models: {}\ntraces: { capture: full }");
  const { tracer, spans } = tracing();
  const span = tracer.startSpan("chat", { attributes: { "gen_ai.request.model": "m" } });
  span.end();
  await post(server, "/otlp/v1/traces", "application/x-protobuf", protobufOf(spans()));
  const { traceId, spanId } = span.spanContext();
  const log = {
    traceId,
    spanId,
    eventName: "gen_ai.user.message",
    body: { kvlistValue: { values: [{ key: "content", value: { stringValue: "Hi" } }] } },
  };
  const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [log, { body: {} }] }] }] };
  const { bytes } = await post(
    server,
    "/otlp/v1/logs",
    "application/json",
    Buffer.from(JSON.stringify(logs)),
  );
  expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
    partialSuccess: { rejectedLogRecords: "1" },
  });
  const run = await eventually(
    () => runOf(server, runIdOfSpan(traceId, spanId)),
    ({ inputs }) => JSON.stringify(inputs).includes("Hi"),
  );
  expect(run).toMatchObject({
    name: "chat",
    inputs: { messages: [{ role: "user", content: "Hi" }] },
  });
});

it.each([
  ["overloaded", 429, "3"],
  ["storage_full", 503, "5"],
  ["storage_unavailable", 503, "5"],
] as const)("asks exporters to come back when it is %s", async (code, status, after) => {
  const app = Fastify();
  onTestFinished(() => app.close());
  otlpRoutes(app, {
    authorise: () => ({ keyId: "k", keyName: "k", scopes: ["traces"] }),
    traces: {
      ingest: async () => {
        const retryAfterMs = code === "overloaded" ? { retryAfterMs: 3000 } : {};
        throw new WeirError(code, "Try again later.", retryAfterMs);
      },
    },
    maxBodyBytes: 1000,
    now: Date.now,
    log: silentLog,
  });
  const headers = { "content-type": "application/json" };
  const answer = await app.inject({ method: "POST", url: "/v1/traces", headers, payload: "{}" });
  expect(answer.statusCode).toBe(status);
  expect(answer.headers["retry-after"]).toBe(after);
  expect(answer.json()).toMatchObject({ message: "Try again later." });
  const payload = "x".repeat(1001);
  const large = await app.inject({ method: "POST", url: "/v1/traces", headers, payload });
  expect({ status: large.statusCode, ...large.json<object>() }).toMatchObject({
    status: 413,
    code: 8,
  });
});
