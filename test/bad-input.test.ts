import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { ADMIN_KEY, startServer } from "./support/server.ts";

/** What strangers send: each gets a 4xx that says what was wrong and what to do. */

async function setUp() {
  const mock = await createMockUpstream();
  onTestFinished(() => mock.close());
  const server = await startServer(
    `server: { maxBodyMiB: 1 }\nmodels: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  return { mock, server };
}

const HI = [{ role: "user", content: "Hi" }];

it.each<[string, unknown, string | undefined, RegExp]>([
  ["no messages", { model: "chat" }, "messages", /messages/],
  ["empty messages", { model: "chat", messages: [] }, "messages", /at least one message/],
  ["no model", { messages: HI }, "model", /model/],
  [
    "negative max_tokens",
    { model: "chat", messages: HI, max_tokens: -1 },
    "max_tokens",
    /at least 1/,
  ],
  [
    "fractional max_tokens",
    { model: "chat", messages: HI, max_tokens: 1.5 },
    "max_tokens",
    /whole number/,
  ],
  [
    "unknown role",
    { model: "chat", messages: [{ role: "bot", content: "x" }] },
    "messages[0].role",
    /one of system/,
  ],
  [
    "content of a wrong type",
    { model: "chat", messages: [{ role: "user", content: 5 }] },
    "messages[0].content",
    /string or an array/,
  ],
  ["temperature out of range", { model: "chat", messages: HI, temperature: 3 }, "temperature", /2/],
  ["n out of range", { model: "chat", messages: HI, n: 99 }, "n", /at most 16/],
  ["an array", [], undefined, /object/],
  ["text", '"hello"', undefined, /object/],
  ["broken JSON", '{"model": "chat", ', undefined, /not valid JSON/],
  ["nothing", "", undefined, /empty/],
])("refuses %s", async (_name, body, param, message) => {
  const { mock, server } = await setUp();
  const answer = await server.call("/v1/chat/completions", body, { method: "POST" });
  const { error } = (await answer.json()) as {
    error: { message: string; type: string; param: string | null };
  };
  expect(answer.status).toBe(400);
  expect(error.type).toBe("invalid_request_error");
  expect(error.message).toMatch(message);
  expect(error.param).toBe(param ?? null);
  expect(mock.requests).toEqual([]);
});

it("never quotes the body in an error", async () => {
  const { server } = await setUp();
  const answer = await server.call("/v1/chat/completions", '{"secret": "hunter2" oops');
  expect(await answer.text()).not.toContain("hunter2");
});

it("refuses bytes that are not UTF-8", async () => {
  const { server } = await setUp();
  const body = Buffer.concat([
    Buffer.from('{"model":"'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}'),
  ]);
  const answer = await server.call("/v1/chat/completions", undefined, { method: "POST", body });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain("UTF-8");
});

it("refuses a body of 20 MB by its declared length, and one that hides its length", async () => {
  const { server } = await setUp();
  const big = Buffer.alloc(20 * 1024 * 1024, 0x20);
  const declared = await server
    .call("/v1/chat/completions", undefined, { method: "POST", body: big })
    .then(({ status }) => status)
    .catch(() => "reset");
  // The server answers and closes; a client still writing may see the reset before the answer.
  expect([413, "reset"]).toContain(declared);
  const answer = await rawRequest(server.url, [
    "POST /v1/chat/completions HTTP/1.1",
    "host: x",
    `authorization: Bearer ${ADMIN_KEY}`,
    "transfer-encoding: chunked",
    "",
    `${(2 * 1024 * 1024).toString(16)}\r\n${" ".repeat(2 * 1024 * 1024)}`,
  ]);
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toContain("server.maxBodyMiB");
});

it.each<[string, Record<string, string>, number, RegExp]>([
  ["no key", { authorization: "" }, 401, /Authorization: Bearer/],
  ["a wrong key", { authorization: "Bearer wk-wrong" }, 401, /weir keys rotate --admin/],
  ["a key in a wrong scheme", { authorization: `Basic ${ADMIN_KEY}` }, 401, /Bearer/],
])("refuses %s before it looks at the body", async (_name, headers, status, message) => {
  const { server } = await setUp();
  const answer = await server.call("/v1/chat/completions", "{not json", { headers });
  expect(answer.status).toBe(status);
  expect(await answer.text()).toMatch(message);
});

it("keeps admin routes from inference keys", async () => {
  const { server } = await setUp();
  const made = await server.call("/admin/v1/keys", { name: "app" });
  const { key } = (await made.json()) as { key: string };
  const headers = { authorization: `Bearer ${key}` };
  expect(
    (await server.call("/v1/chat/completions", { model: "chat", messages: HI }, { headers }))
      .status,
  ).toBe(200);
  const refused = await server.call("/admin/v1/calls", undefined, { headers });
  expect(refused.status).toBe(403);
  expect(await refused.text()).toContain("weir keys create NAME --scope viewer");
});

it("signs in with an admin key only, and lets a cookie change nothing without its header", async () => {
  const { server } = await setUp();
  const wrong = await server.call(
    "/admin/v1/session",
    { key: "wk-no" },
    { headers: { authorization: "" } },
  );
  expect(wrong.status).toBe(401);
  const right = await server.call(
    "/admin/v1/session",
    { key: ADMIN_KEY },
    { headers: { authorization: "" } },
  );
  expect(right.status).toBe(204);
  const cookie = right.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
  const session = { authorization: "", cookie: cookie.split(";")[0] ?? "" };
  expect((await server.call("/admin/v1/session", undefined, { headers: session })).status).toBe(
    200,
  );
  const forged = await server.call("/admin/v1/keys", { name: "x" }, { headers: session });
  expect(forged.status).toBe(403);
  const meant = await server.call(
    "/admin/v1/keys",
    { name: "x" },
    { headers: { ...session, "x-weir-csrf": "1" } },
  );
  expect(meant.status).toBe(201);
  await server.call("/admin/v1/session", undefined, {
    method: "DELETE",
    headers: { ...session, "x-weir-csrf": "1" },
  });
  expect((await server.call("/admin/v1/session", undefined, { headers: session })).status).toBe(
    401,
  );
});

it("says what there is when nothing is there", async () => {
  const { server } = await setUp();
  const lost = await server.call("/v1/nothing");
  expect(lost.status).toBe(404);
  expect(await lost.text()).toContain("/docs");
  expect((await server.call("/v1/chat/completions")).status).toBe(405);
  const query = await server.call("/admin/v1/calls?limit=ten&color=red");
  expect(query.status).toBe(400);
  expect(await query.text()).toMatch(/limit.*color/s);
});

/** Sends lines over a bare socket and gives what comes back. */
function rawRequest(url: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(lines.join("\r\n")));
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes.toString();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", (cause) => (answer ? resolve(answer) : reject(cause)));
  });
}

const PROTOCOLS: [string, unknown, (error: Record<string, unknown>) => unknown][] = [
  ["/v1/chat/completions", { model: "chat", messages: 5 }, ({ error }) => error],
  ["/v1/completions", { model: "chat", prompt: 5 }, ({ error }) => error],
  ["/v1/responses", { model: "chat", input: 5 }, ({ error }) => error],
  ["/v1/messages", { model: "chat", max_tokens: 5, messages: 5 }, ({ error }) => error],
  ["/v1/embeddings", { model: "chat", input: 5 }, ({ error }) => error],
  ["/v1/rerank", { model: "chat", query: 5, documents: [] }, ({ error }) => error],
  ["/v1/moderations", { input: 5 }, ({ error }) => error],
  ["/v1/batches", { endpoint: 5 }, ({ error }) => error],
  ["/tokenize", { model: "chat", prompt: 5 }, ({ error }) => error],
];

it.each(PROTOCOLS)("names the field at fault in the envelope of %s", async (path, body, pick) => {
  const { mock, server } = await setUp();
  const answer = await server.call(path, body);
  expect(answer.status).toBe(400);
  const envelope = (await answer.json()) as Record<string, unknown>;
  expect(pick(envelope)).toMatchObject({ type: "invalid_request_error" });
  expect(JSON.stringify(envelope)).toMatch(/messages|prompt|input|query|endpoint|model/);
  expect(envelope["type"]).toBe(path === "/v1/messages" ? "error" : undefined);
  expect(mock.requests).toEqual([]);
});

it("answers each vendor's clients about an unknown model and a wrong key in their own words", async () => {
  const { server } = await setUp();
  const messages = { model: "none", max_tokens: 5, messages: HI };
  const unknown = await server.call("/v1/messages", messages);
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toMatchObject({
    type: "error",
    error: { type: "not_found_error", message: expect.stringContaining("chat") as string },
  });
  const headers = { authorization: "Bearer wrong" };
  const stranger = await server.call("/v1/messages", messages, { headers });
  expect(stranger.status).toBe(401);
  expect(await stranger.json()).toMatchObject({ error: { type: "authentication_error" } });
});

it("follows no redirect, wherever it leads", async () => {
  const { mock } = await setUp();
  const server = await startServer(
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: mock-redirect }] } }`,
  );
  const answer = await server.call("/v1/chat/completions", { model: "chat", messages: HI });
  expect(answer.status).toBe(502);
  const text = await answer.text();
  expect(text).toContain("Weir follows none");
  expect(text).not.toContain("169.254");
});

it("says that a prompt is too long, as the client's fault", async () => {
  const mock = await createMockUpstream({ kind: "vllm" });
  onTestFinished(() => mock.close());
  const server = await startServer(
    `models: { chat: { targets: [{ provider: vllm, url: "${mock.url}", model: mock-ctx-16 }] } }`,
  );
  const content = "a long story ".repeat(100);
  const body = { model: "chat", messages: [{ role: "user", content }] };
  const answer = await server.call("/v1/chat/completions", body);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { code: "context_length_exceeded" } });
});

it("refuses unknown fields where the configuration says so, and passes them on where not", async () => {
  const { mock, server } = await setUp();
  const body = { model: "chat", messages: [{ ...HI[0], future: 1 }], also_new: true };
  expect((await server.call("/v1/chat/completions", body)).status).toBe(200);
  expect(mock.requests.at(-1)).toMatchObject({ also_new: true, messages: [{ future: 1 }] });
  const strict = await startServer(
    `server: { unknownFields: refuse }\nmodels: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  const answer = await strict.call("/v1/chat/completions", body);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain("messages[0].future, also_new");
});

it("takes an upgrade for the plain request that it also is", async () => {
  const { server } = await setUp();
  const { hostname, port } = new URL(server.url);
  const body = JSON.stringify({ model: "chat", messages: HI });
  const lines = [
    "POST /v1/chat/completions HTTP/1.1",
    "host: x",
    `authorization: Bearer ${ADMIN_KEY}`,
    "connection: upgrade",
    "upgrade: websocket",
    "content-type: application/json",
    `content-length: ${body.length}`,
  ];
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  const text = await new Promise<string>((resolve) =>
    socket.once("data", (chunk: Buffer) => resolve(chunk.toString())),
  );
  expect(text).not.toMatch(/^HTTP\/1\.1 101/);
  expect(text).toMatch(/^HTTP\/1\.1 (200|4\d\d)/);
});

it.each(["/v1/rerank", "/tokenize", "/v1/images/generations", "/v1/moderations", "/v1/batches"])(
  "reads no stranger's body at %s",
  async (path) => {
    const { server } = await setUp();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    const answered = new Promise<string>((resolve) =>
      socket.once("data", (chunk: Buffer) => resolve(chunk.toString())),
    );
    // A body that is announced and never comes: only who does not wait for it can answer.
    const head = ["host: x", "content-type: application/json", "content-length: 500000"];
    socket.write(`POST ${path} HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n{`);
    expect(await answered).toMatch(/^HTTP\/1\.1 401/);
  },
);
