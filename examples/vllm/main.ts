/** vLLM behind Weir: what it says of itself, its open routes, adapters, sleep, tokens, and its older releases. */
import assert from "node:assert/strict";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { at, createCaller, show, step } from "../lab.ts";
import { startExampleServer } from "../server.ts";

process.env["VLLM_API_KEY"] = "vllm-secret";
const engine = await createMockUpstream({
  kind: "vllm",
  devMode: true,
  apiKey: "vllm-secret",
  tokens: 4,
});
const old = await createMockUpstream({ kind: "vllm", version: "0.8.5", tokens: 4 });
const HELLO = [{ role: "user", content: "Hi" }];
{
  await using weir = await startExampleServer(`
models:
  chat: { targets: [{ provider: vllm, url: "${engine.url}", model: mock, apiKeyEnv: VLLM_API_KEY }] }
  sql: { targets: [{ provider: vllm, url: "${engine.url}", model: sql, apiKeyEnv: VLLM_API_KEY }] }
  old: { targets: [{ provider: vllm, url: "${old.url}", model: mock }] }
`);
  const api = createCaller(weir);
  const factsOf = async (model: string) =>
    (await api.get(`/admin/v1/targets/facts?model=${model}&target=vllm/mock`)).json;
  const act = (action: object) =>
    api.post("/admin/v1/targets/actions", { model: "chat", target: "vllm/mock", ...action });

  step("What it says of itself: release, models, load");
  const facts = await factsOf("chat");
  show("facts", facts);
  assert.equal(at(facts, "load", "kvCacheUsage"), 0.25);

  step("An older release names its cache's metric differently; Weir reads both");
  const oldMetrics = await (await fetch(`${old.url}/metrics`)).text();
  const [line = ""] = oldMetrics.match(/^vllm:gpu_cache_usage_perc.*$/m) ?? [];
  show("0.8.5 says", line);
  const oldFacts = await factsOf("old");
  show("Weir says", at(oldFacts, "load"));
  assert.equal(at(oldFacts, "load", "kvCacheUsage"), 0.25);

  step("The key guards /v1 alone: everything else answers whoever can reach the port");
  const refused = await fetch(`${engine.url}/v1/models`);
  const open = await fetch(`${engine.url}/tokenize`, {
    method: "POST",
    body: JSON.stringify({ model: "mock", prompt: "no key" }),
  });
  show("/v1/models without the key", refused.status);
  show("/tokenize without the key", open.status);
  show("Weir found open", at(facts, "openRoutes"));
  assert.deepEqual([refused.status, open.status], [401, 200]);
  assert.ok((at(facts, "openRoutes") as string[]).includes("/server_info"));

  step("Tokens as the model counts them");
  const tokens = await api.post("/tokenize", { model: "chat", prompt: "Weir" });
  show("/tokenize", tokens.json);
  const text = await api.post("/detokenize", { model: "chat", tokens: at(tokens.json, "tokens") });
  show("/detokenize", text.json);
  assert.equal(at(text.json, "prompt"), "Weir");

  step("An adapter, loaded into the running engine, is a model of its own");
  await act({ action: "load-lora", name: "sql", path: "/adapters/sql" });
  show("models", at(await factsOf("chat"), "models"));
  const adapted = await api.post("/v1/chat/completions", { model: "sql", messages: HELLO });
  assert.equal(adapted.status, 200);
  assert.equal(engine.requests.at(-1)?.model, "sql");
  await act({ action: "unload-lora", name: "sql" });
  assert.deepEqual(at(await factsOf("chat"), "models"), [{ id: "mock", contextTokens: 4096 }]);

  step("Asleep it holds no memory and answers nobody; awake it answers again");
  await act({ action: "sleep", level: 1 });
  show("isSleeping", at(await factsOf("chat"), "isSleeping"));
  const asleep = await api.post("/v1/chat/completions", { model: "chat", messages: HELLO });
  show(`HTTP ${asleep.status}`, at(asleep.json, "error", "message"));
  assert.ok(asleep.status >= 500);
  await act({ action: "wake" });
  const woken = engine.calls.filter(({ path }) => path.startsWith("/wake_up"));
  show(
    "sent to wake it",
    woken.map(({ path }) => path),
  );
  const awake = await api.post("/v1/chat/completions", { model: "chat", messages: HELLO });
  assert.equal(awake.status, 200);

  step("The prefix cache, emptied; and a test that lets the target make a few tokens");
  assert.deepEqual((await act({ action: "reset-prefix-cache" })).json, { done: true });
  const tested = await api.post("/admin/v1/targets/test", { model: "chat", target: "vllm/mock" });
  show("test", tested.json);
  assert.equal(at(tested.json, "ok"), true);

  step("Without its development mode the engine has no /sleep, and Weir says what is missing");
  const without = await api.post("/admin/v1/targets/actions", {
    model: "old",
    target: "vllm/mock",
    action: "sleep",
    level: 1,
  });
  show(`HTTP ${without.status}`, at(without.json, "error", "message"));
  assert.match(without.text, /VLLM_SERVER_DEV_MODE/);
}
await Promise.all([engine.close(), old.close()]);
