import { readFileSync } from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool as langchainTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, isStepCount, jsonSchema, streamText, tool } from "ai";
import OpenAI from "openai";
import { expect, it, onTestFinished } from "vitest";
import type { Caller } from "../src/core/call.ts";
import type { ChatEvent, ChatRequest, GenerateRequest } from "../src/core/chat.ts";
import { type MockOptions, createMockUpstream } from "../src/cli/mock/upstream.ts";
import { WeirError, toWeirError } from "../src/core/errors.ts";
import { newId } from "../src/core/ids.ts";
import { silentLog } from "../src/core/log.ts";
import { Guard } from "../src/config/guard.ts";
import { createGate } from "../src/guard/gate.ts";
import { createApp } from "../src/http/app.ts";
import { identify } from "../src/http/identify.ts";
import { readJson } from "../src/http/lane/body.ts";
import type { Exchange } from "../src/http/lane/exchange.ts";
import { StreamReply, WholeReply, sendError } from "../src/http/lane/replies.ts";
import { listen } from "../src/http/listen.ts";
import { conversationRoutes } from "../src/http/routes/conversations.ts";
import { responseRoutes } from "../src/http/routes/responses.ts";
import type { Reply } from "../src/serve/gateway/needs.ts";
import { createConversations } from "../src/serve/responses/conversations.ts";
import { type Responses, createResponses } from "../src/serve/responses/responses.ts";
import { openControlStore } from "../src/store/sqlite/control.ts";
import { PLAIN_LISTENER } from "./support/listener.ts";
import { ADMIN_KEY, eventually, startServer, temporaryFolder } from "./support/server.ts";

/** The Responses API with its memory: the real client, HTTP, guard and store, and a model by hand. */

const SECRET = `sk-proj-${"a1B2".repeat(8)}`;
const NO_HEARTBEATS = { add: () => undefined, remove: () => undefined };

/** A call that waits for the test to say what the model answers. */
interface Call {
  readonly request: ChatRequest;
  readonly reply: Reply;
  isCanceled: boolean;
}

function say(reply: Reply, text: string): void {
  const events: ChatEvent[] = [
    { type: "text-delta", index: 0, text },
    { type: "finish", index: 0, reason: "stop" },
  ];
  reply.begin({ dropped: [], carried: [], isRelayed: false });
  reply.events(events);
  reply.end({ inputTokens: 3, outputTokens: 2 });
}

const echo = ({ request, reply }: Call) =>
  say(
    reply,
    `${request.messages.length} messages, last: ${JSON.stringify(request.messages.at(-1)?.content)}`,
  );

/** As SQLite says it. */
const FULL = () => {
  throw new WeirError("storage_full", "The server's disk is full.");
};

async function start(
  answer: (call: Call) => void = echo,
  { path = ":memory:", now = () => Date.now() }: { path?: string; now?: () => number } = {},
) {
  const control = openControlStore(path, now);
  const calls: Call[] = [];
  const gate = createGate(
    Guard.parse({ input: ["secrets", "pii"], documents: [], history: [], output: { redact: [] } }),
  );
  const inspect = (request: GenerateRequest) => gate.inspect(request).request;
  const rooms = {
    responses: control.responses,
    conversations: control.conversations,
    file: (keyId: string, id: string) =>
      keyId === "one" && id === "file-1"
        ? { name: "a.pdf", url: "data:application/pdf;base64,AAAA" }
        : undefined,
    inspect,
    generate(request: GenerateRequest, _context: unknown, reply: Reply) {
      const call: Call = { request: inspect(request) as ChatRequest, reply, isCanceled: false };
      calls.push(call);
      answer(call);
      const cancel = () => void (call.isCanceled = true);
      return { cancel, resume: () => undefined, breakOff: cancel };
    },
    now,
    newId,
    log: silentLog,
  };
  const responses = createResponses(rooms);
  const callers = new Map<string, Caller>(
    ["one", "two"].map((name) => [name, { keyId: name, keyName: name, scopes: ["inference"] }]),
  );
  const credentials = { key: (secret: string) => callers.get(secret), session: () => undefined };
  const authorise = (request: Parameters<typeof identify>[0]) =>
    identify(request, credentials, "inference");
  const app = createApp(
    (exchange) => lane(exchange, authorise, responses),
    PLAIN_LISTENER,
    silentLog,
  );
  responseRoutes(app.fastify, { authorise, responses });
  conversationRoutes(app.fastify, { authorise, conversations: createConversations(rooms) });
  const url = await listen(app, "127.0.0.1", 0);
  const client = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
  const close = async () => {
    responses.close();
    app.server.closeAllConnections();
    await app.fastify.close();
  };
  onTestFinished(close);
  return { client: client("one"), other: client("two"), calls, responses, control, url, close };
}

/** What the fast lane does with the seam. */
function lane(
  exchange: Exchange,
  authorise: (exchange: Exchange) => Caller,
  responses: Responses,
): boolean {
  if (exchange.method !== "POST" || exchange.path !== "/v1/responses") return false;
  const reject = (cause: unknown) => sendError(exchange, toWeirError(cause), "trace");
  readJson(
    exchange,
    { maxBytes: 1024 * 1024 },
    (body) => {
      try {
        const caller = authorise(exchange);
        const asked = responses.prepare(body, caller);
        const { protocol, request, head } = asked;
        const answering = {
          exchange,
          traceId: "trace",
          formatError: protocol.error,
          unknownFields: () => [],
        };
        const reply = request.stream
          ? new StreamReply(answering, protocol.stream(head, request), NO_HEARTBEATS)
          : new WholeReply(answering, (events, usage) => protocol.whole(head, events, usage));
        const call = asked.start(
          { traceId: "trace", route: exchange.path, caller, startedAt: 0, authMs: 0 },
          reply,
        );
        exchange.onLeave(() => call.cancel());
      } catch (cause) {
        reject(cause);
      }
    },
    reject,
  );
  return true;
}

it("remembers what was said, whichever model answers", async () => {
  const { client, calls } = await start();
  const first = await client.responses.create({
    model: "chat",
    input: "My name is Ada.",
    instructions: "Be kind.",
    metadata: { topic: "names" },
  });
  expect(first).toMatchObject({
    object: "response",
    status: "completed",
    instructions: "Be kind.",
    metadata: { topic: "names" },
    store: true,
    usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
  });
  const second = await client.responses
    .stream({ model: "chat", input: "Who am I?", previous_response_id: first.id })
    .finalResponse();
  expect(second.previous_response_id).toBe(first.id);
  const third = await client.responses.create({
    model: "other",
    input: [{ role: "user", content: [{ type: "input_text", text: "And now?" }] }],
    previous_response_id: second.id,
  });
  expect(calls[2]?.request.messages).toEqual([
    { role: "user", content: "My name is Ada." },
    { role: "assistant", content: first.output_text },
    { role: "user", content: "Who am I?" },
    { role: "assistant", content: second.output_text },
    { role: "user", content: "And now?" },
  ]);
  const kept = await client.responses.retrieve(third.id);
  expect(kept).toEqual(third);
  expect((await client.responses.retrieve(second.id)).output).toEqual(
    JSON.parse(
      JSON.stringify(second.output, (key, value) => (key === "parsed" ? undefined : value)),
    ),
  );
});

it("lists what a response was asked, page by page", async () => {
  const { client } = await start();
  const input = ["a", "b", "c"].map((content) => ({ role: "user" as const, content }));
  const { id } = await client.responses.create({ model: "chat", input });
  const texts = [];
  for await (const item of client.responses.inputItems.list(id, { limit: 2, order: "asc" })) {
    expect(item).toMatchObject({
      type: "message",
      role: "user",
      id: expect.stringMatching(/^msg_/),
    });
    if (item.type === "message") texts.push(item.content[0]);
  }
  expect(texts).toMatchObject([{ text: "a" }, { text: "b" }, { text: "c" }]);
});

it("keeps one key's things from every other", async () => {
  const { client, other } = await start();
  const { id, output } = await client.responses.create({ model: "chat", input: "x" });
  const conversation = await client.conversations.create({});
  const itemId = output[0]?.id ?? "";
  const notFound = expect.objectContaining({ status: 404 });
  await expect(other.responses.retrieve(id)).rejects.toEqual(notFound);
  await expect(other.responses.delete(id)).rejects.toEqual(notFound);
  await expect(other.responses.cancel(id)).rejects.toEqual(notFound);
  await expect(other.responses.inputItems.list(id)).rejects.toEqual(notFound);
  await expect(other.conversations.retrieve(conversation.id)).rejects.toEqual(notFound);
  await expect(other.conversations.items.list(conversation.id)).rejects.toEqual(notFound);
  const ask = (more: object) => other.responses.create({ model: "chat", input: "x", ...more });
  await expect(ask({ previous_response_id: id })).rejects.toMatchObject({
    status: 404,
    param: "previous_response_id",
    code: "not_found",
  });
  await expect(ask({ conversation: conversation.id })).rejects.toMatchObject({
    status: 404,
    param: "conversation",
  });
  await expect(ask({ input: [{ type: "item_reference", id: itemId }] })).rejects.toMatchObject({
    status: 404,
    param: "input[0].id",
  });
});

it("forgets what is deleted, and never goes on from half a context", async () => {
  const { client } = await start();
  const first = await client.responses.create({ model: "chat", input: "x" });
  const second = await client.responses.create({
    model: "chat",
    input: "y",
    previous_response_id: first.id,
  });
  await client.responses.delete(first.id);
  await expect(client.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 });
  await expect(
    client.responses.create({ model: "chat", input: "z", previous_response_id: second.id }),
  ).rejects.toMatchObject({ status: 404, message: expect.stringContaining("was deleted") });
});

it("keeps nothing with store: false, and no secret that the guard took out", async () => {
  const folder = temporaryFolder();
  const { client, calls, control } = await start(echo, { path: `${folder}/control.db` });
  const quiet = await client.responses.create({ model: "chat", input: "x", store: false });
  await expect(client.responses.retrieve(quiet.id)).rejects.toMatchObject({ status: 404 });
  const { id } = await client.responses.create({ model: "chat", input: `Key: ${SECRET}` });
  expect(calls[1]?.request.messages[0]?.content).toBe("Key: [redacted:openai_key]");
  const { data } = await client.responses.inputItems.list(id);
  expect(data).toMatchObject([{ content: [{ text: "Key: [redacted:openai_key]" }] }]);
  const { id: conversation } = await client.conversations.create({
    items: [{ role: "user", content: `Mine is ${SECRET}` }],
  });
  const items = await client.conversations.items.list(conversation);
  expect(items.data).toMatchObject([{ content: [{ text: "Mine is [redacted:openai_key]" }] }]);
  control.close();
  const bytes = readFileSync(`${folder}/control.db`).toString("latin1");
  expect(bytes).not.toContain(SECRET);
});

it("adds to a conversation what is said in it, and takes references to its items", async () => {
  const { client, calls } = await start();
  const { id } = await client.conversations.create({
    metadata: { a: "b" },
    items: [{ role: "user", content: "I like tea." }],
  });
  const answer = await client.responses.create({ model: "chat", input: "And?", conversation: id });
  expect(answer.conversation).toEqual({ id });
  const items = await Array.fromAsync(client.conversations.items.list(id, { order: "asc" }));
  expect(items.map((item) => item.type === "message" && item.role)).toEqual([
    "user",
    "user",
    "assistant",
  ]);
  const [tea] = items;
  await client.responses.create({
    model: "chat",
    input: [
      { type: "item_reference", id: tea?.id ?? "" },
      { role: "user", content: "Hm." },
    ],
  });
  expect(calls[1]?.request.messages).toEqual([
    { role: "user", content: "I like tea." },
    { role: "user", content: "Hm." },
  ]);
  await client.conversations.items.delete(tea?.id ?? "", { conversation_id: id });
  const added = await client.conversations.items.create(id, {
    items: [{ role: "user", content: "I like coffee." }],
  });
  const one = await client.conversations.items.retrieve(added.first_id, { conversation_id: id });
  expect(one).toMatchObject({ content: [{ text: "I like coffee." }] });
  expect(await client.conversations.update(id, { metadata: { c: "d" } })).toMatchObject({
    object: "conversation",
    metadata: { c: "d" },
  });
  expect((await client.conversations.items.list(id)).data).toHaveLength(3);
  expect(await client.conversations.delete(id)).toMatchObject({ deleted: true });
  await expect(client.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
});

it("gives a model uploaded files to read, and keeps only their ids", async () => {
  const { client, other, calls } = await start();
  const part = { type: "input_file" as const, file_id: "file-1" };
  const ask = { model: "chat", input: [{ role: "user" as const, content: [part] }] };
  const { id } = await client.responses.create(ask);
  expect(calls[0]?.request.messages).toEqual([
    {
      role: "user",
      content: [{ type: "file", name: "a.pdf", url: "data:application/pdf;base64,AAAA" }],
    },
  ]);
  const { data } = await client.responses.inputItems.list(id);
  expect(data).toMatchObject([{ content: [part] }]);
  expect(JSON.stringify(data)).not.toContain("base64");
  await expect(other.responses.create(ask)).rejects.toMatchObject({ status: 404 });
});

it("answers a background request at once, and shows how it goes", async () => {
  const { client, calls } = await start(() => undefined);
  const queued = await client.responses.create({ model: "chat", input: "x", background: true });
  expect(queued).toMatchObject({ status: "queued", background: true, output: [] });
  await expect(
    client.responses.create({ model: "chat", input: "y", previous_response_id: queued.id }),
  ).rejects.toMatchObject({ status: 409, param: "previous_response_id" });
  const [call] = calls;
  if (!call) throw new Error("the call was not made");
  say(call.reply, "Done.");
  const ready = await client.responses.retrieve(queued.id);
  expect(ready).toMatchObject({ status: "completed", output_text: "Done." });
  await expect(client.responses.cancel(queued.id)).rejects.toMatchObject({ status: 400 });
});

it("goes on without its client, and streams again from any event", async () => {
  const { client, calls, url } = await start(() => undefined);
  const stream = await client.responses.create({
    model: "chat",
    input: "x",
    background: true,
    stream: true,
  });
  let id = "";
  for await (const event of stream) {
    if (event.type === "response.created") ({ id } = event.response);
    if (event.type === "response.queued") break;
  }
  const [call] = calls;
  if (!call) throw new Error("the call was not made");
  call.reply.begin({ dropped: [], carried: [], isRelayed: false });
  call.reply.events([{ type: "text-delta", index: 0, text: "Half, " }]);
  const again = await client.responses.retrieve(id, { stream: true, starting_after: 1 });
  call.reply.events([
    { type: "text-delta", index: 0, text: "whole." },
    { type: "finish", index: 0, reason: "stop" },
  ]);
  call.reply.end({ inputTokens: 1, outputTokens: 2 });
  const events = await Array.fromAsync(again);
  expect(call.isCanceled).toBe(false);
  expect(events.map(({ sequence_number: number }) => number)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(events.at(-1)).toMatchObject({
    type: "response.completed",
    response: { output: [{ content: [{ text: "Half, whole." }] }] },
  });
  const last = await client.responses.retrieve(id, { stream: true, starting_after: 9 });
  expect(await Array.fromAsync(last)).toMatchObject([{ type: "response.completed" }]);
  const foreign = await fetch(`${url}/v1/responses/${id}?stream=true`, {
    headers: { authorization: "Bearer two" },
  });
  expect(foreign.status).toBe(404);
});

it("cancels what runs in the background, and keeps what had come", async () => {
  const { client, calls } = await start(() => undefined);
  const { id } = await client.responses.create({ model: "chat", input: "x", background: true });
  calls[0]?.reply.begin({ dropped: [], carried: [], isRelayed: false });
  calls[0]?.reply.events([{ type: "text-delta", index: 0, text: "Half" }]);
  const canceled = await client.responses.cancel(id);
  expect(canceled).toMatchObject({
    status: "cancelled",
    output: [{ status: "incomplete", content: [{ text: "Half" }] }],
  });
  expect(calls[0]?.isCanceled).toBe(true);
  expect(await client.responses.cancel(id)).toMatchObject({ status: "cancelled" });
});

it("keeps how a response failed or was left, once its client knew of it", async () => {
  const { client, calls } = await start(() => undefined);
  const stream = client.responses.stream({ model: "chat", input: "x" });
  await expect.poll(() => calls.length).toBe(1);
  calls[0]?.reply.begin({ dropped: [], carried: [], isRelayed: false });
  calls[0]?.reply.events([{ type: "text-delta", index: 0, text: "Half" }]);
  calls[0]?.reply.fail(new WeirError("provider_failed", "It broke."));
  const failed = await stream.finalResponse();
  expect(failed.status).toBe("failed");
  expect(await client.responses.retrieve(failed.id)).toMatchObject({
    status: "failed",
    error: { code: "server_error", message: "It broke." },
  });
  const refused = client.responses.create({ model: "chat", input: "x" });
  await expect.poll(() => calls.length).toBe(2);
  calls[1]?.reply.fail(new WeirError("rate_limited", "Too fast."));
  await expect(refused).rejects.toMatchObject({ status: 429 });
  const left = client.responses.create({ model: "chat", input: "x", stream: true });
  await expect.poll(() => calls.length).toBe(3);
  calls[2]?.reply.begin({ dropped: [], carried: [], isRelayed: false });
  calls[2]?.reply.events([{ type: "text-delta", index: 0, text: "Half" }]);
  let id = "";
  for await (const event of await left) {
    if (event.type === "response.created") ({ id } = event.response);
    if (event.type === "response.output_text.delta") break;
  }
  await expect.poll(() => calls[2]?.isCanceled).toBe(true);
  expect(await client.responses.retrieve(id)).toMatchObject({ status: "cancelled" });
});

it("streams the end of a response whose events are gone, and ends what runs at its own end", async () => {
  const path = `${temporaryFolder()}/control.db`;
  const first = await start(() => undefined, { path });
  const { id } = await first.client.responses.create({
    model: "chat",
    input: "x",
    background: true,
  });
  const follower = await first.client.responses.retrieve(id, { stream: true, starting_after: 1 });
  first.responses.close();
  expect(await Array.fromAsync(follower)).toMatchObject([
    { type: "response.in_progress" },
    { type: "response.failed", sequence_number: 3 },
  ]);
  expect(first.calls[0]?.isCanceled).toBe(true);
  const second = await start(echo, { path });
  const again = await second.client.responses.retrieve(id, { stream: true, starting_after: 2 });
  expect(await Array.fromAsync(again)).toMatchObject([
    { type: "response.failed", sequence_number: 3, response: { id } },
  ]);
  const nothing = await second.client.responses.retrieve(id, { stream: true, starting_after: 3 });
  expect(await Array.fromAsync(nothing)).toEqual([]);
});

it("answers with a full disk, but promises nothing that it cannot keep", async () => {
  const { client, control } = await start();
  const { put } = control.responses;
  control.responses.put = FULL;
  const { id, output_text: text } = await client.responses.create({ model: "chat", input: "x" });
  expect(text).toContain("1 messages");
  await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  await expect(
    client.responses.create({ model: "chat", input: "x", background: true }),
  ).rejects.toMatchObject({ status: 507, code: "storage_full" });
  control.responses.put = put;
  await client.responses.create({ model: "chat", input: "x", background: true });
});

it("says when nothing runs in the background any more", async () => {
  const { client, calls, responses } = await start(() => undefined);
  await responses.idle();
  await client.responses.create({ model: "chat", input: "x", background: true });
  await client.responses.create({ model: "chat", input: "y", background: true });
  let isIdle = false;
  const idle = responses.idle().then(() => (isIdle = true));
  for (const { reply } of calls) {
    await Promise.resolve();
    expect(isIdle).toBe(false);
    say(reply, "Done.");
  }
  await idle;
});

it("marks as failed what a restart cut off", async () => {
  const path = `${temporaryFolder()}/control.db`;
  const before = await start(() => undefined, { path });
  const { id } = await before.client.responses.create({
    model: "chat",
    input: "x",
    background: true,
  });
  const after = await start(echo, { path });
  expect(await after.client.responses.retrieve(id)).toMatchObject({
    status: "failed",
    error: { code: "server_error", message: expect.stringContaining("Send the request again") },
  });
});

it("forgets a thread 30 days after its last answer, all at once", async () => {
  let now = Date.UTC(2026, 0, 1);
  const { client } = await start(echo, { now: () => now });
  const first = await client.responses.create({ model: "chat", input: "x" });
  now += 20 * 86_400_000;
  const second = await client.responses.create({
    model: "chat",
    input: "y",
    previous_response_id: first.id,
  });
  now += 20 * 86_400_000;
  await client.responses.retrieve(first.id);
  now += 11 * 86_400_000;
  await expect(client.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 });
  await expect(client.responses.retrieve(second.id)).rejects.toMatchObject({ status: 404 });
});

it.each([
  [{ input: "x", background: true, store: false }, "background"],
  [{ input: "x", previous_response_id: "a", conversation: "b" }, "conversation"],
  [{ input: [{ role: "king", content: "x" }] }, "input[0].role"],
  [{ input: 7 }, "input"],
  [{}, "input"],
])("says what is wrong with %j", async (body, param) => {
  const { url } = await start();
  const answer = await fetch(`${url}/v1/responses`, {
    method: "POST",
    headers: { authorization: "Bearer one", "content-type": "application/json" },
    body: JSON.stringify({ model: "chat", ...body }),
  });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { param } });
});

async function wholeServer(options: Partial<MockOptions> = {}) {
  const mock = await createMockUpstream(options);
  onTestFinished(() => mock.close());
  const server = await startServer(
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  const client = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${server.url}/v1`, maxRetries: 0 });
  return { mock, server, client };
}

it("works in the whole server, in front of a model that knows only chat completions", async () => {
  const { mock, server, client } = await wholeServer({ tokens: 3 });
  const { id: conversation } = await client.conversations.create({});
  await client.responses.create({ model: "chat", input: `Mine is ${SECRET}`, conversation });
  const events = await Array.fromAsync(
    await client.responses.create({ model: "chat", input: "And?", conversation, stream: true }),
  );
  expect(events.at(-1)).toMatchObject({
    type: "response.completed",
    response: { output: [{ content: [{ text: "word0 word1 word2 " }] }] },
  });
  expect(mock.requests[1]?.["messages"]).toEqual([
    { role: "user", content: "Mine is [redacted:openai_key]" },
    { role: "assistant", content: "word0 word1 word2" },
    { role: "user", content: "And?" },
  ]);
  expect(mock.requests.map(({ model }) => model)).toEqual(["up", "up"]);
  const document = (await (await server.call("/openapi.json")).json()) as { paths: object };
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining([
      "/v1/responses/{id}",
      "/v1/responses/{id}/cancel",
      "/v1/responses/{id}/input_items",
      "/v1/conversations/{id}/items/{item}",
    ]),
  );
});

it("goes on in the background when the client hangs up on the whole server", async () => {
  const { mock, client } = await wholeServer({ tokens: 20, tokenMs: 10 });
  const stream = await client.responses.create({
    model: "chat",
    input: "x",
    background: true,
    stream: true,
  });
  let id = "";
  for await (const event of stream) {
    if (event.type === "response.created") ({ id } = event.response);
    if (event.type === "response.output_text.delta") break;
  }
  const ready = await eventually(
    () => client.responses.retrieve(id),
    ({ status }) => status === "completed",
  );
  expect(ready.output_text).toMatch(/^word0 .* word19 $/);
  expect(mock.aborted()).toBe(0);
  const failing = await client.responses.create({ model: "nope", input: "x", background: true });
  expect(await client.responses.retrieve(failing.id)).toMatchObject({
    status: "failed",
    error: { code: "invalid_prompt", message: expect.stringContaining("nope") },
  });
});

/** First a thought and two calls at once, their arguments mixed; then an answer. */
function weatherModel({ request, reply }: Call): void {
  if (request.messages.some(({ role }) => role === "tool")) {
    say(reply, "Cold there, warm here.");
    return;
  }
  const piece = (call: number, args: string, first: object = {}): ChatEvent => ({
    type: "tool-call-delta",
    index: 0,
    call,
    arguments: args,
    ...first,
  });
  reply.begin({ dropped: [], carried: [], isRelayed: false });
  reply.events([
    { type: "reasoning-delta", index: 0, text: "Two places.", signature: "sig==" },
    { type: "text-delta", index: 0, text: "I look." },
    piece(0, "", { id: "call_a", name: "weather" }),
    piece(1, '{"in":', { id: "call_b", name: "weather" }),
    piece(0, '{"in":"Oslo"}'),
    piece(1, '"Rome"}'),
    { type: "finish", index: 0, reason: "tool_calls" },
  ]);
  reply.end({ inputTokens: 3, outputTokens: 2 });
}

const SECOND_TURN = [
  { role: "user", content: "Weather?" },
  {
    role: "assistant",
    content: "I look.",
    reasoning: [{ text: "Two places.", signature: "sig==" }],
    toolCalls: [
      { id: "call_a", name: "weather", arguments: '{"in":"Oslo"}' },
      { id: "call_b", name: "weather", arguments: '{"in":"Rome"}' },
    ],
  },
  { role: "tool", toolCallId: "call_a" },
  { role: "tool", toolCallId: "call_b" },
];
const PLACE = {
  type: "object" as const,
  properties: { in: { type: "string" as const } },
  required: ["in"],
  additionalProperties: false,
};

it.each(["streamText", "generateText"])(
  "keeps thoughts and calls through the AI SDK's %s",
  async (way) => {
    const { calls, url } = await start(weatherModel);
    const asked = {
      model: createOpenAI({ apiKey: "one", baseURL: `${url}/v1` }).responses("chat"),
      prompt: "Weather?",
      tools: {
        weather: tool({
          inputSchema: jsonSchema<{ in: string }>(PLACE),
          execute: async ({ in: place }) => `fine in ${place}`,
        }),
      },
      stopWhen: isStepCount(3),
    };
    const answer = way === "streamText" ? streamText(asked) : await generateText(asked);
    expect(await answer.text).toBe("Cold there, warm here.");
    expect((await answer.steps)[0]).toMatchObject({
      reasoningText: "Two places.",
      text: "I look.",
      toolCalls: [{ input: { in: "Oslo" } }, { input: { in: "Rome" } }],
    });
    expect(calls[1]?.request.messages).toMatchObject(SECOND_TURN);
  },
);

it("keeps thoughts and calls through LangChain", async () => {
  const { calls, url } = await start(weatherModel);
  const weather = langchainTool(async () => "fine", { name: "weather", schema: PLACE });
  const model = new ChatOpenAI({
    model: "chat",
    apiKey: "one",
    useResponsesApi: true,
    configuration: { baseURL: `${url}/v1` },
  }).bindTools([weather]);
  const question = new HumanMessage("Weather?");
  const first = await model.invoke([question]);
  expect(first.tool_calls).toMatchObject([
    { name: "weather", args: { in: "Oslo" } },
    { name: "weather", args: { in: "Rome" } },
  ]);
  const results = (first.tool_calls ?? []).map(
    ({ id = "" }) => new ToolMessage({ content: "fine", tool_call_id: id }),
  );
  const second = await model.invoke([question, first, ...results]);
  expect(second.text).toBe("Cold there, warm here.");
  expect(calls[1]?.request.messages).toMatchObject(SECOND_TURN);
});
