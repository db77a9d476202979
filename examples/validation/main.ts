/** API design and validation: envelopes, request ids, unknown fields, limits, OpenAPI, batches, background work. */
import assert from "node:assert/strict";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { at, createCaller, show, step, until } from "../lab.ts";
import { startExampleServer } from "../server.ts";

const HELLO = { model: "chat", messages: [{ role: "user", content: "Hi" }] };
const vllm = await createMockUpstream({ kind: "vllm" });
const claude = await createMockUpstream({ kind: "anthropic" });
const config = (server: string) => `
server: ${server}
models:
  chat: { targets: [{ provider: vllm, url: "${vllm.url}", model: mock }] }
  claude: { targets: [{ provider: anthropic, url: "${claude.url}", model: claude-sonnet-4-5 }] }
`;
{
  await using weir = await startExampleServer(config("{ maxBodyMiB: 0.125 }"));
  const api = createCaller(weir);

  step("One mistake, three envelopes: each protocol's clients get the error that they can read");
  const chat = await api.post("/v1/chat/completions", { ...HELLO, temperature: "hot" });
  show("OpenAI   ", chat.text);
  assert.equal(chat.status, 400);
  assert.equal(at(chat.json, "error", "param"), "temperature");
  const messages = await api.post("/v1/messages", { ...HELLO, max_tokens: 5, temperature: "hot" });
  show("Anthropic", messages.text);
  assert.equal(at(messages.json, "type"), "error");
  const responses = await api.post("/v1/responses", { model: "chat", input: 3 });
  show("Responses", responses.text);
  assert.equal(at(responses.json, "error", "param"), "input");

  step("Every answer names its request, and which of the caller's traces it belongs to");
  const id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traced = await api.post("/v1/chat/completions", HELLO, {
    traceparent: `00-${id}-00f067aa0ba902b7-01`,
  });
  show("x-request-id", traced.headers.get("x-request-id"));
  assert.match(
    String(traced.headers.get("x-request-id")),
    new RegExp(`^${id.slice(0, 16)}[0-9a-f]{16}$`),
  );
  assert.equal(at(chat.json, "error", "request_id"), chat.headers.get("x-request-id"));

  step("A field that Weir does not know reaches an upstream of the same dialect …");
  const wish = { ...HELLO, seed: 7, wishful: true };
  await api.post("/v1/chat/completions", wish);
  show("vLLM got wishful", vllm.requests.at(-1)?.["wishful"]);
  assert.equal(vllm.requests.at(-1)?.["wishful"], true);

  step("… and is named in x-weir-dropped where it goes no further");
  const dropped = await api.post("/v1/chat/completions", { ...wish, model: "claude" });
  show("x-weir-dropped", dropped.headers.get("x-weir-dropped"));
  assert.equal(dropped.headers.get("x-weir-dropped"), "seed, wishful");

  step("A body over the limit is refused before it is read");
  const content = "x".repeat(200_000);
  const large = await api.post("/v1/chat/completions", {
    ...HELLO,
    messages: [{ role: "user", content }],
  });
  show(`HTTP ${large.status}`, at(large.json, "error", "message"));
  assert.equal(large.status, 413);

  step("The same schemas are the OpenAPI document");
  const { json: openapi } = await api.get("/openapi.json");
  const body = at(openapi, "paths", "/v1/chat/completions", "post", "requestBody", "content");
  const fields = at(body, "application/json", "schema", "properties");
  show("temperature", at(fields, "temperature"));
  assert.ok(at(fields, "temperature"));

  step("A batch: many calls in a file; a bad line spoils only itself");
  const lines = [HELLO, { ...HELLO, model: "nobody" }].map((body, index) =>
    JSON.stringify({
      custom_id: `line-${index}`,
      method: "POST",
      url: "/v1/chat/completions",
      body,
    }),
  );
  const form = new FormData();
  form.set("purpose", "batch");
  form.set("file", new File([lines.join("\n")], "lines.jsonl"));
  const headers = { authorization: `Bearer ${weir.key}` };
  const upload = await fetch(`${weir.url}/v1/files`, { method: "POST", headers, body: form });
  const made = await api.post("/v1/batches", {
    input_file_id: at(await upload.json(), "id"),
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
  });
  let batch: unknown;
  await until("the batch's end", async () => {
    batch = (await api.get(`/v1/batches/${String(at(made.json, "id"))}`)).json;
    return at(batch, "status") === "completed";
  });
  show("request_counts", at(batch, "request_counts"));
  assert.deepEqual(at(batch, "request_counts"), { total: 2, completed: 1, failed: 1 });
  const errors = await api.get(`/v1/files/${String(at(batch, "error_file_id"))}/content`);
  show("its errors' file", errors.text.trim());
  assert.match(errors.text, /line-1.*model_not_found/);

  step("A response in the background: asked now, fetched later");
  const queued = await api.post("/v1/responses", { model: "chat", input: "Hi", background: true });
  show("at once", at(queued.json, "status"));
  const place = `/v1/responses/${String(at(queued.json, "id"))}`;
  await until(
    "the response",
    async () => at((await api.get(place)).json, "status") === "completed",
  );
  const answer = at((await api.get(place)).json, "output", 0, "content", 0, "text");
  show("later", answer);
  assert.match(String(answer), /^word0/);
}
{
  step("server.unknownFields: refuse makes every unknown field an error");
  await using weir = await startExampleServer(config("{ unknownFields: refuse }"));
  const strict = await createCaller(weir).post("/v1/chat/completions", { ...HELLO, wishful: true });
  show(`HTTP ${strict.status}`, at(strict.json, "error", "message"));
  assert.equal(strict.status, 400);
  assert.equal(at(strict.json, "error", "param"), "wishful");
}
await Promise.all([vllm.close(), claude.close()]);
