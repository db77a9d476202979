import { RunTree } from "langsmith";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { runIdOfSpan, toHexId, toUuid } from "../../src/core/trace-ids.ts";
import { traceContextOf } from "../../src/http/trace-context.ts";
import { type TestServer, startServer } from "../support/server.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const HI = { model: "chat", messages: [{ role: "user", content: "Hi" }] };

async function setUp(provider = "openai-compatible", kind = provider) {
  const mock = await createMockUpstream({ kind });
  onTestFinished(() => mock.close());
  const server = await startServer(
    `models: { chat: { targets: [{ provider: ${provider}, url: "${mock.url}", model: up }] } }`,
  );
  return { mock, server };
}

async function ask(server: TestServer, headers: Record<string, string> = {}, body: object = HI) {
  const answer = await server.call("/v1/chat/completions", body, { headers });
  expect(answer.status).toBe(200);
  await answer.text();
  return answer.headers.get("x-weir-trace-id") ?? "";
}

it("goes on with a W3C trace at the upstream, under a span of its own", async () => {
  const { mock, server } = await setUp();
  const headers = { traceparent: `00-${TRACE}-${SPAN}-00`, tracestate: "vendor=a,other=b" };
  const first = await ask(server, headers);
  const second = await ask(server, headers, { ...HI, n: 1, stream: true });
  expect(first).not.toBe(second);
  const [one, two] = mock.calls.map((call) => call.headers);
  for (const [sent, id] of [
    [one, first],
    [two, second],
  ] as const) {
    const [, traceId = "", spanId = "", flags] = String(sent?.["traceparent"]).split("-");
    expect({ traceId, flags }).toEqual({ traceId: TRACE, flags: "00" });
    // What the upstream tells a collector of that parent hangs under the call.
    expect(runIdOfSpan(traceId, spanId)).toBe(toUuid(id));
    expect(sent?.["tracestate"]).toBe("vendor=a,other=b");
  }
});

it("begins a trace at the upstream where the client has none", async () => {
  const { mock, server } = await setUp();
  const id = await ask(server);
  expect(mock.calls[0]?.headers["traceparent"]).toBe(`00-${id}-${id.slice(16)}-01`);
  expect(mock.calls[0]?.headers["tracestate"]).toBeUndefined();
});

it("sends the trace with each of several answers that are asked for one by one", async () => {
  const { mock, server } = await setUp("ollama", "ollama");
  const id = await ask(server, {}, { ...HI, n: 2 });
  const sent = mock.calls.flatMap(({ headers }) => headers["traceparent"] ?? []);
  expect(sent).toEqual([`00-${id}-${id.slice(16)}-01`, `00-${id}-${id.slice(16)}-01`]);
});

it("hangs a call under the run that LangSmith's SDK says", async () => {
  const root = new RunTree({
    name: "root",
    project_name: "shop",
    tracingEnabled: false,
    metadata: { user_id: "ann", depth: 2 },
    tags: ["a", "b"],
  });
  const parent = root.createChild({
    name: "inner",
    metadata: { user_id: "ann" },
    tags: ["a", "b"],
  });
  const { "langsmith-trace": dotted, baggage } = parent.toHeaders();
  const { id, link, upstream } = traceContextOf({ "langsmith-trace": dotted, baggage });
  expect(link).toMatchObject({
    traceId: root.id,
    parentRunId: parent.id,
    dottedOrder: parent.dotted_order,
    project: "shop",
    tags: ["a", "b"],
    metadata: { user_id: "ann" },
  });
  expect(upstream.traceparent).toBe(`00-${toHexId(root.id)}-${id.slice(16)}-01`);
});

it("keeps a 64-bit trace's calls apart from other traces'", () => {
  const short = `0000000000000000${TRACE.slice(16)}`;
  const { id, link } = traceContextOf({ traceparent: `00-${short}-${SPAN}-01` });
  expect(id.startsWith(TRACE.slice(16))).toBe(true);
  expect(link?.parentRunId).toBe(runIdOfSpan(short, SPAN));
});

it.each([
  ["no hex", { traceparent: `00-${"z".repeat(32)}-${SPAN}-01` }],
  ["a trace of zeros", { traceparent: `00-${"0".repeat(32)}-${SPAN}-01` }],
  ["a span of zeros", { traceparent: `00-${TRACE}-${"0".repeat(16)}-01` }],
  ["a dotted order that is none", { "langsmith-trace": "yesterday.tomorrow" }],
  ["two headers of one name", { traceparent: ["a", "b"] }],
])("begins its own trace for %s", (_, headers) => {
  const { id, link, upstream } = traceContextOf(headers);
  expect(link).toBeUndefined();
  expect(upstream.traceparent).toBe(`00-${id}-${id.slice(16)}-01`);
});

it("leaves baggage aside that it cannot read, and what cannot stand in a header", () => {
  const { link, upstream } = traceContextOf({
    traceparent: `00-${TRACE}-${SPAN}-01`,
    tracestate: "caf\u00e9=1",
    baggage: "langsmith-metadata=%7Bbroken,langsmith-project=%E0%A4%A,other=1,langsmith-tags=x",
  });
  expect(link).toMatchObject({ project: null, tags: ["x"], metadata: {} });
  expect(upstream.tracestate).toBeUndefined();
});
