/** Text Generation Inference behind Weir: its two dialects, its native routes, and what Weir evens out. */
import assert from "node:assert/strict";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { at, createCaller, show, step } from "../lab.ts";
import { startExampleServer } from "../server.ts";

process.env["TGI_API_KEY"] = "tgi-secret";
const engine = await createMockUpstream({ kind: "tgi", apiKey: "tgi-secret" });
const HELLO = { model: "chat", messages: [{ role: "user", content: "Hi" }] };
const LAST = () => engine.calls.findLast(({ method }) => method === "POST");
{
  await using weir = await startExampleServer(`
models:
  chat: { targets: [{ provider: tgi, url: "${engine.url}", model: tgi, apiKeyEnv: TGI_API_KEY }] }
  small: { targets: [{ provider: tgi, url: "${engine.url}", model: ctx-64, apiKeyEnv: TGI_API_KEY }] }
`);
  const api = createCaller(weir);

  step("What it says of itself; without its key only these routes are open");
  const facts = (await api.get("/admin/v1/targets/facts?model=chat&target=tgi/tgi")).json;
  show("facts", facts);
  assert.equal(at(facts, "load", "kvCacheUsage"), 0.25);
  assert.deepEqual(at(facts, "openRoutes"), ["/metrics", "/info"]);

  step(
    "A chat goes to its OpenAI-shaped route; its answer gets the id and the model that it lacks",
  );
  const native = createCaller({ url: engine.url, key: "tgi-secret" });
  const bare = await native.post("/v1/chat/completions", HELLO);
  show("TGI ", { id: at(bare.json, "id"), model: at(bare.json, "model") });
  const chat = await api.post("/v1/chat/completions", HELLO);
  show("Weir", { id: at(chat.json, "id"), model: at(chat.json, "model") });
  assert.equal(at(chat.json, "model"), "chat");

  step("A completion goes to /generate, which alone has seeds and details");
  const asked = { model: "chat", prompt: "Once", max_tokens: 6, stop: ["word2"], seed: 3 };
  const completion = await api.post("/v1/completions", asked);
  show(`sent to ${LAST()?.path}`, LAST()?.body);
  show("its answer", at(completion.json, "choices", 0, "text"));
  assert.equal(LAST()?.path, "/generate");

  step("It has a word of its own for an answer that met a stop text");
  const stopping = { ...HELLO, stop: ["word2"] };
  const bareStop = await native.post("/v1/chat/completions", stopping);
  const stopped = await api.post("/v1/chat/completions", stopping);
  show("TGI ", at(bareStop.json, "choices", 0, "finish_reason"));
  show("Weir", at(stopped.json, "choices", 0, "finish_reason"));
  assert.equal(at(stopped.json, "choices", 0, "finish_reason"), "stop");

  step("A JSON schema is said in TGI's way");
  const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
  const format = { type: "json_schema", json_schema: { name: "a", schema } };
  await api.post("/v1/responses", {
    model: "chat",
    input: "Hi",
    text: { format: { type: "json_schema", name: "a", schema } },
  });
  show("a Responses client's schema arrives as", at(LAST()?.body, "response_format"));
  assert.deepEqual(at(LAST()?.body, "response_format"), { type: "json_object", value: schema });
  const relayed = await api.post("/v1/chat/completions", { ...HELLO, response_format: format });
  show("a chat client's answer", at(relayed.json, "choices", 0, "message", "content"));
  assert.equal(relayed.status, 200);

  step("It ignores n: Weir asks it twice");
  const before = engine.calls.length;
  const twice = await api.post("/v1/chat/completions", { ...HELLO, n: 2 });
  show("choices", (at(twice.json, "choices") as unknown[]).length);
  show("requests that TGI got", engine.calls.length - before);
  assert.equal(engine.calls.length - before, 2);

  step("It counts tokens, but cannot turn them back into a text, nor embed");
  show("/tokenize", (await api.post("/tokenize", { model: "chat", prompt: "Hi" })).json);
  const back = await api.post("/detokenize", { model: "chat", tokens: [72] });
  show(`/detokenize HTTP ${back.status}`, at(back.json, "error", "message"));
  assert.equal(back.status, 400);
  const vectors = await api.post("/v1/embeddings", { model: "chat", input: "Hi" });
  show(`/v1/embeddings HTTP ${vectors.status}`, at(vectors.json, "error", "message"));
  assert.equal(vectors.status, 400);

  step("Its refusals become errors in the client's own envelope");
  const long = [{ role: "user", content: "Tell me more. ".repeat(40) }];
  const bareLong = await native.post("/v1/chat/completions", { model: "ctx-64", messages: long });
  show(`TGI  HTTP ${bareLong.status}`, bareLong.json);
  const tooLong = await api.post("/v1/chat/completions", { model: "small", messages: long });
  show(`Weir HTTP ${tooLong.status}`, tooLong.json);
  assert.equal(tooLong.status, 400);
}
await engine.close();
