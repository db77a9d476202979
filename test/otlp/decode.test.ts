import type { Attributes } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { WeirError } from "../../src/core/errors.ts";
import type { RunPart } from "../../src/core/run.ts";
import { runIdOfSpan, spanIdOfRun, toUuid } from "../../src/core/trace-ids.ts";
import { decodeOtlpLogs, decodeOtlpTraces } from "../../src/watch/otlp/decode.ts";
import type { Decoded } from "../../src/watch/trace/ingest.ts";
import {
  GENAI,
  GENAI_OLD,
  LANGSMITH,
  OPENINFERENCE,
  OPENLLMETRY,
  OPENLLMETRY_MODEL,
  VERCEL,
  VLLM,
} from "./dialects.ts";
import { SpanStatusCode, child, jsonOf, protobufOf, tracing } from "./support.ts";

const RECEIVED = Date.now();
const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";

function decode(body: Uint8Array, contentType = PROTOBUF, project?: string): Decoded {
  return decodeOtlpTraces({
    protocol: "otlp-traces",
    contentType,
    body,
    project,
    tenantId: "default",
    receivedAt: RECEIVED,
  });
}

/** One span with these attributes, through both encodings: they must say the same. */
function one(attributes: Attributes): RunPart {
  const { tracer, spans } = tracing();
  tracer
    .startSpan("call", { attributes, startTime: [1_700_000_000, 123_456_789] })
    .end([1_700_000_001, 123_999_999]);
  const [fromProtobuf] = decode(protobufOf(spans())).parts;
  const [fromJson] = decode(jsonOf(spans()), JSON_TYPE).parts;
  expect(fromJson).toEqual(fromProtobuf);
  if (!fromProtobuf) throw new Error("no part came out");
  return fromProtobuf;
}

function metadataOf({ extra }: RunPart): Record<string, unknown> {
  return (extra as { metadata: Record<string, unknown> }).metadata;
}

it("keeps ids, times to the microsecond, and what process and library it came from", () => {
  const { tracer, spans } = tracing({ "service.name": "shop", "host.name": "a" });
  const root = tracer.startSpan("root", { startTime: [1_700_000_000, 123_456_789] });
  child(tracer, root, "inner", { x: 1 }).end();
  root.end([1_700_000_001, 500]);
  const { parts, rejected } = decode(protobufOf(spans()));
  expect(rejected).toEqual([]);
  const [inner, outer] = parts;
  const { traceId, spanId } = root.spanContext();
  expect(outer).toMatchObject({
    id: runIdOfSpan(traceId, spanId),
    traceId: toUuid(traceId),
    parentId: null,
    name: "root",
    type: "chain",
    project: "shop",
    source: "otlp",
    at: 1_700_000_000_123.456,
    endAt: 1_700_000_001_000,
  });
  expect(inner).toMatchObject({ parentId: outer?.id, traceId: outer?.traceId });
  expect(metadataOf(inner as RunPart)).toMatchObject({
    x: 1,
    "otel.scope.name": "test-library",
    "otel.scope.version": "1.2.3",
    "host.name": "a",
  });
  expect(spanIdOfRun(outer?.id ?? "")).toBe(spanId);
});

it("reads the GenAI conventions", () => {
  const part = one(GENAI);
  expect(part).toMatchObject({
    type: "llm",
    ttftMs: 250,
    inputs: {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Weather in Oslo?" },
        {
          role: "assistant",
          tool_calls: [{ id: "c1", function: { name: "weather", arguments: '{"city":"Oslo"}' } }],
        },
        { role: "tool", tool_call_id: "c1", content: "rain" },
      ],
    },
    outputs: {
      choices: [
        {
          finish_reason: "stop",
          message: { role: "assistant", content: "It rains.", reasoning: "Rain was told." },
        },
      ],
    },
    extra: { invocation_params: { temperature: 0.2 } },
  });
  expect(metadataOf(part)).toMatchObject({
    ls_model_name: "gpt-5-mini-2026-01-01",
    ls_provider: "openai",
    ls_stream: true,
    session_id: "thread-1",
    prompt_name: "greeter",
    prompt_version: "7",
    "server.address": "api.openai.com",
    usage_metadata: {
      input_tokens: 120,
      output_tokens: 45,
      total_tokens: 165,
      input_token_details: { cache_read: 100 },
      output_token_details: { reasoning: 30 },
    },
  });
  expect(JSON.stringify(metadataOf(part))).not.toContain("Weather");
});

it("reads the conventions' older names", () => {
  const part = one(GENAI_OLD);
  expect(part).toMatchObject({
    type: "llm",
    inputs: {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
      ],
    },
    outputs: {
      choices: [
        {
          finish_reason: "end_turn",
          message: {
            content: "Hello",
            tool_calls: [{ id: "t1", function: { name: "wave", arguments: '{"hand":"left"}' } }],
          },
        },
      ],
    },
  });
  expect(metadataOf(part)).toMatchObject({
    ls_provider: "anthropic",
    usage_metadata: { input_tokens: 12, output_tokens: 3, total_tokens: 15 },
  });
});

it("reads messages and first tokens from a span's events", () => {
  const { tracer, spans } = tracing();
  const span = tracer.startSpan("chat m", {
    attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" },
    startTime: 1000,
  });
  span.addEvent("gen_ai.system.message", { content: "Be brief." }, 1001);
  span.addEvent("gen_ai.user.message", { "gen_ai.event.content": '{"content":"Hi"}' }, 1002);
  span.addEvent("new_token", {}, 1400);
  span.addEvent(
    "gen_ai.choice",
    { finish_reason: "stop", message: '{"content":"Hello"}', index: 0 },
    2000,
  );
  span.end(2001);
  const [part] = decode(protobufOf(spans())).parts;
  expect(part).toMatchObject({
    ttftMs: 400,
    inputs: {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
      ],
    },
    outputs: {
      choices: [{ finish_reason: "stop", message: { role: "assistant", content: "Hello" } }],
    },
  });
  expect(part?.events).toHaveLength(4);
});

it("reads OpenInference", () => {
  const part = one(OPENINFERENCE);
  expect(part).toMatchObject({
    type: "llm",
    tags: ["beta", "eu"],
    inputs: {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: "https://x/y.png" } },
          ],
        },
      ],
    },
    outputs: {
      choices: [
        { message: { content: "A weir.", tool_calls: [{ id: "t9", function: { name: "show" } }] } },
      ],
    },
    extra: { invocation_params: { temperature: 0.7 } },
  });
  expect(metadataOf(part)).toMatchObject({
    ls_model_name: "gpt-4o",
    session_id: "s-1",
    user_id: "ann",
    team: "blue",
    usage_metadata: {
      input_tokens: 900,
      total_tokens: 904,
      total_cost: 0.0025,
      input_token_details: { cache_read: 512 },
    },
  });
});

it("reads OpenInference's retrievers, embeddings and guardrails", () => {
  const retriever = one({
    "openinference.span.kind": "RETRIEVER",
    "input.value": "weirs",
    "retrieval.documents.0.document.content": "A dam.",
    "retrieval.documents.0.document.score": 0.5,
    "retrieval.documents.0.document.metadata": '{"page":3}',
  });
  expect(retriever).toMatchObject({
    type: "retriever",
    inputs: { input: "weirs" },
    outputs: { documents: [{ page_content: "A dam.", score: 0.5, metadata: { page: 3 } }] },
  });
  expect(
    one({
      "openinference.span.kind": "EMBEDDING",
      "embedding.model_name": "e",
      "embedding.embeddings.0.embedding.text": "one",
    }),
  ).toMatchObject({ type: "embedding", inputs: { input: ["one"] } });
  expect(one({ "openinference.span.kind": "GUARDRAIL" })).toMatchObject({ type: "guardrail" });
});

it("reads vLLM's own span, whose tokens its caller has counted", () => {
  const { tracer, spans } = tracing();
  const call = tracer.startSpan("call");
  child(tracer, call, "llm_request", VLLM).end();
  call.end();
  const part = decode(protobufOf(spans())).parts[0] as RunPart;
  expect(part).toMatchObject({ type: "engine", ttftMs: 750 });
  expect(metadataOf(part)).toMatchObject({
    ls_model_name: "Qwen/Qwen3-8B",
    "gen_ai.latency.time_in_queue": 0.5,
  });
  expect(one({ ...VLLM, "gen_ai.request.model": "q" }).type).toBe("llm");
});

it("reads OpenLLMetry", () => {
  const workflow = one(OPENLLMETRY);
  expect(workflow).toMatchObject({
    name: "answer_question",
    type: "chain",
    inputs: { question: "Why?" },
    outputs: { output: "Because." },
  });
  expect(metadataOf(workflow)).toMatchObject({ user_id: "ben", session_id: "s-2", plan: "gold" });
  const model = one(OPENLLMETRY_MODEL);
  expect(model).toMatchObject({ type: "llm", outputs: { choices: [{ finish_reason: "stop" }] } });
  expect(metadataOf(model)).toMatchObject({
    ls_stream: false,
    usage_metadata: { input_tokens: 5, total_tokens: 7, input_token_details: { cache_read: 3 } },
  });
});

it("reads the AI SDK, and counts its outer spans' tokens once", () => {
  const part = one(VERCEL);
  expect(part).toMatchObject({
    name: "checkout",
    type: "llm",
    ttftMs: 87.5,
    inputs: {
      messages: [
        { role: "system" },
        { role: "user", content: [{ type: "text", text: "Buy" }] },
        { role: "assistant", tool_calls: [{ id: "c2", function: { name: "buy" } }] },
      ],
    },
    outputs: {
      choices: [
        {
          finish_reason: "tool_calls",
          message: {
            content: "Bought.",
            tool_calls: [{ id: "c3", function: { name: "pay", arguments: '{"sum":2}' } }],
          },
        },
      ],
    },
  });
  expect(metadataOf(part)).toMatchObject({
    ls_model_name: "gpt-4o",
    user_id: "cat",
    session_id: "s-3",
    usage_metadata: { input_tokens: 40, output_tokens: 8, input_token_details: { cache_read: 16 } },
  });
  const outer = one({ ...VERCEL, "ai.operationId": "ai.streamText" });
  expect(outer.type).toBe("chain");
});

it("reads LangSmith's own attributes, and keeps its ids", () => {
  const part = one(LANGSMITH);
  expect(part).toMatchObject({
    id: LANGSMITH["langsmith.span.id"],
    traceId: LANGSMITH["langsmith.trace.id"],
    parentId: LANGSMITH["langsmith.span.parent_id"],
    dottedOrder: LANGSMITH["langsmith.span.dotted_order"],
    project: "prod",
    type: "llm",
    tags: ["one", "two"],
    inputs: { messages: [{ role: "user", content: "Hi" }] },
    outputs: { generations: [[{ text: "Hello" }]] },
  });
  expect(metadataOf(part)).toMatchObject({
    ls_model_name: "gpt-4o",
    thread_id: "t-4",
    usage_metadata: { input_tokens: 9, input_token_details: { cache_read: 4 } },
  });
});

it("hangs another library's span under the LangSmith run that its parent span is", () => {
  const { tracer, spans } = tracing();
  const outer = tracer.startSpan("outer", { attributes: LANGSMITH });
  child(tracer, outer, "fetch", {}).end();
  outer.end();
  const [fetch] = decode(protobufOf(spans())).parts;
  expect(fetch?.parentId).toBe(LANGSMITH["langsmith.span.id"]);
});

it("refuses a span of a clock that is years ahead", () => {
  const { tracer, spans } = tracing();
  tracer.startSpan("a", { startTime: Date.now() }).end(Date.now() + 400 * 86_400_000);
  expect(() => decode(protobufOf(spans()))).toThrow(
    /spans\[0\]\.endTimeUnixNano is more than a year ahead/,
  );
});

it("takes the project from the request before the span's own", () => {
  const { tracer, spans } = tracing();
  tracer.startSpan("a", { attributes: LANGSMITH }).end();
  expect(decode(protobufOf(spans()), PROTOBUF, "told").parts[0]?.project).toBe("told");
});

it("tells exceptions as errors", () => {
  const { tracer, spans } = tracing();
  const span = tracer.startSpan("a");
  span.recordException(new TypeError("no such city"));
  span.setStatus({ code: SpanStatusCode.ERROR, message: "no such city" });
  span.end();
  const [part] = decode(protobufOf(spans())).parts;
  expect(part?.error).toMatch(/^TypeError: no such city/);
  expect(part?.events).toMatchObject([{ name: "exception" }]);
});

it("keeps the rest of a batch when one span is wrong, and names it", () => {
  const { tracer, spans } = tracing();
  tracer.startSpan("good").end();
  tracer.startSpan("bad", { attributes: { "gen_ai.usage.input_tokens": -4 } }).end();
  tracer.startSpan("good too").end();
  const { parts, rejected } = decode(jsonOf(spans()), JSON_TYPE);
  expect(parts.map(({ name }) => name)).toEqual(["good", "good too"]);
  expect(rejected).toEqual([
    {
      part: "resourceSpans[0].scopeSpans[0].spans[1]",
      field: "gen_ai.usage.input_tokens",
      reason: "must not be negative",
    },
  ]);
  expect(decode(protobufOf(spans())).rejected).toEqual(rejected);
});

it.each([
  ["cut protobuf", Uint8Array.of(0x0a, 0x7f, 1), PROTOBUF, /^body is not valid protobuf/],
  ["JSON that is none", Buffer.from("{"), JSON_TYPE, /^body is not valid JSON\.$/],
  [
    "JSON that is not UTF-8",
    Uint8Array.of(0x22, 0xff, 0x22),
    JSON_TYPE,
    /^body is not valid UTF-8/,
  ],
  ["a list", Buffer.from("[]"), JSON_TYPE, /^body must be a JSON object/],
  [
    "spans that are no list",
    Buffer.from('{"resourceSpans":[{"scopeSpans":7}]}'),
    JSON_TYPE,
    /^resourceSpans\[0\]\.scopeSpans must be a list/,
  ],
  [
    "a trace id of zeros",
    Buffer.from(
      JSON.stringify({
        resourceSpans: [
          { scopeSpans: [{ spans: [{ traceId: "0".repeat(32), spanId: "1".repeat(16) }] }] },
        ],
      }),
    ),
    JSON_TYPE,
    /^resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]\.traceId must be 16 bytes/,
  ],
])("refuses %s by name", (_, body, contentType, message) => {
  expect(() => decode(body, contentType)).toThrow(WeirError);
  expect(() => decode(body, contentType)).toThrow(message);
});

it("names a text that is not UTF-8", () => {
  const { tracer, spans } = tracing();
  tracer.startSpan("a", { attributes: { text: "ABCDEF" } }).end();
  const body = Buffer.from(protobufOf(spans()));
  body[body.indexOf("ABCDEF") + 2] = 0xff;
  expect(() => decode(body)).toThrow(/spans\[0\] has a text that is not valid UTF-8/);
});

it("reads negative and large numbers in either encoding", () => {
  const attributes = { below: -7, large: 2 ** 52, float: 1.5 };
  expect(metadataOf(one(attributes))).toMatchObject(attributes);
});

it("leaves a value a text that is nested deeper than anybody can use", () => {
  const deep = "[".repeat(5000) + "]".repeat(5000);
  const name = `llm.input_messages${".0".repeat(5000)}`;
  const part = one({
    "openinference.span.kind": "CHAIN",
    "input.value": deep,
    [name]: "x",
    "output.value": '{"a":[[1]]}',
  });
  expect(part.outputs).toEqual({ a: [[1]] });
  expect(JSON.stringify(part.inputs).length).toBeLessThan(20_000);
});

it("bounds what it keeps of attributes", () => {
  const many = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`a${at}`, "x".repeat(3000)]),
  );
  const { tracer, spans } = tracing();
  const span = tracer.startSpan("a");
  for (const [name, value] of Object.entries(many)) span.setAttribute(name, value);
  span.end();
  const metadata = metadataOf(decode(protobufOf(spans())).parts[0] as RunPart);
  expect(Object.keys(metadata).length).toBeLessThanOrEqual(128);
  expect(String(metadata["a0"])).toHaveLength(1024);
});

it("merges GenAI log events into their span's run, and takes evaluations as feedback", () => {
  const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
  const record = (eventName: string, attributes: object[], body?: object) => ({
    ...ids,
    timeUnixNano: "1700000000000000000",
    eventName,
    attributes,
    ...(body && { body }),
  });
  const string = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const logRecords = [
    record("gen_ai.user.message", [], {
      kvlistValue: { values: [string("content", "Hi")] },
    }),
    record("gen_ai.choice", [], {
      kvlistValue: {
        values: [
          string("finish_reason", "stop"),
          { key: "message", value: { kvlistValue: { values: [string("content", "Hello")] } } },
        ],
      },
    }),
    record("gen_ai.evaluation.result", [
      string("gen_ai.evaluation.name", "helpful"),
      { key: "gen_ai.evaluation.score.value", value: { doubleValue: 0.9 } },
    ]),
    { body: { stringValue: "listening" } },
  ];
  const body = Buffer.from(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }));
  const decoded = decodeOtlpLogs({
    protocol: "otlp-logs",
    contentType: JSON_TYPE,
    body,
    tenantId: "default",
    receivedAt: RECEIVED,
  });
  const id = runIdOfSpan(ids.traceId, ids.spanId);
  expect(decoded.parts).toMatchObject([
    {
      kind: "patch",
      id,
      inputs: { messages: [{ role: "user", content: "Hi" }] },
      outputs: { choices: [{ finish_reason: "stop", message: { content: "Hello" } }] },
    },
  ]);
  expect(decoded.feedback).toMatchObject([{ runId: id, key: "helpful", score: 0.9 }]);
  expect(decoded.rejected).toHaveLength(1);
});
