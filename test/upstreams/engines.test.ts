import { InferenceClient } from "@huggingface/inference";
import { expect, it } from "vitest";
import type { MockOptions } from "../../src/cli/mock/upstream.ts";
import { HI, PLACE, TOOLS, ZURICH, double, eventsOf, post } from "./double.ts";

/** Engines that one runs oneself: by their documents, and TGI with Hugging Face's client too. */

async function engine(kind: string, options: Partial<MockOptions> = {}, apiKey?: string) {
  const mock = await double(kind, options);
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const parse = async (answer: Response) => {
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.includes("json") === true;
    return { status: answer.status, text, json: isJson ? (JSON.parse(text) as never) : undefined };
  };
  return {
    mock,
    get: async (path: string) => parse(await fetch(mock.url + path, { headers })),
    post: async (path: string, body: object = {}) =>
      parse(await post(mock.url + path, body, headers)),
  };
}

const CHAT = { model: "m", messages: HI };
const CHAT_PATH = "/v1/chat/completions";

it("vLLM guards only /v1, /v2 and /inference, and says 401 with a string", async () => {
  const { get, post } = await engine("vllm", { apiKey: "k", devMode: true });
  expect(await post(CHAT_PATH, CHAT)).toMatchObject({
    status: 401,
    json: { error: "Unauthorized" },
  });
  for (const path of ["/metrics", "/version", "/health", "/is_sleeping", "/load", "/ping"])
    expect({ path, ...(await get(path)) }).toMatchObject({ path, status: 200 });
  const query = { query: "a weir", documents: ["a dog", "a weir"] };
  expect((await post("/rerank", query)).status).toBe(200);
  expect((await post("/v1/rerank", query)).status).toBe(401);
  expect((await post("/tokenize", { prompt: "Hé" })).json).toMatchObject({
    count: 2,
    tokens: [72, 233],
    token_strs: null,
  });
  expect((await post("/detokenize", { tokens: [72, 233] })).json).toEqual({ prompt: "Hé" });
});

it("vLLM sleeps only in development mode, and wakes with its cache", async () => {
  const closed = await engine("vllm");
  expect(await closed.post("/sleep")).toMatchObject({ status: 404, json: { detail: "Not Found" } });
  const { get, post } = await engine("vllm", { devMode: true });
  expect((await post("/sleep?level=2")).status).toBe(200);
  expect((await get("/is_sleeping")).json).toEqual({ is_sleeping: true });
  expect((await post(CHAT_PATH, CHAT)).status).toBe(503);
  await post("/wake_up?tags=weights");
  expect((await post(CHAT_PATH, CHAT)).status).toBe(503);
  await post("/wake_up?tags=kv_cache");
  expect((await post(CHAT_PATH, CHAT)).status).toBe(200);
  expect((await post("/reset_prefix_cache")).status).toBe(200);
  expect((await get("/server_info")).json).toHaveProperty("vllm_config");
});

it("vLLM loads and unloads adapters, and lists them as models", async () => {
  const { get, post } = await engine("vllm");
  const lora = { lora_name: "sql", lora_path: "/loras/sql" };
  expect((await post("/v1/load_lora_adapter", lora)).text).toContain("'sql' added");
  expect((await post("/v1/load_lora_adapter", lora)).status).toBe(400);
  expect((await get("/v1/models")).json).toMatchObject({
    data: [{ id: "mock" }, { id: "sql", root: "/loras/sql", parent: "mock" }],
  });
  expect((await get("/metrics")).text).toContain('running_lora_adapters="sql"');
  expect((await post("/v1/unload_lora_adapter", lora)).text).toContain("'sql' removed");
  expect((await post("/v1/unload_lora_adapter", lora)).json).toMatchObject({
    error: { type: "NotFoundError", code: 404 },
  });
});

it.each([
  ["0.8.5", "vllm:gpu_cache_usage_perc", "vllm:time_per_output_token_seconds"],
  ["0.10.2", "vllm:kv_cache_usage_perc", "vllm:time_per_output_token_seconds"],
  [undefined, "vllm:kv_cache_usage_perc", "vllm:inter_token_latency_seconds"],
])("vLLM %s names its metrics as it did", async (version, cache, between) => {
  const { get } = await engine("vllm", { version });
  const { text } = await get("/metrics");
  expect(text).toMatch(new RegExp(`^${cache}{model_name="mock",engine="0"} 0.25$`, "m"));
  expect(text).toContain(`# TYPE ${between} histogram`);
  expect(text.includes("vllm:num_requests_swapped")).toBe(version !== undefined);
});

it.each([
  ["0.8.5", ["reasoning_content"]],
  ["0.12.0", ["reasoning", "reasoning_content"]],
  [undefined, ["reasoning"]],
])("vLLM %s has its thoughts in %s", async (version, names) => {
  const { post } = await engine("vllm", { version });
  const thinking = { ...CHAT, chat_template_kwargs: { enable_thinking: true } };
  const { json } = await post(CHAT_PATH, thinking);
  const [{ message }] = (json as unknown as { choices: [{ message: Record<string, unknown> }] })
    .choices;
  const found = Object.keys(message).filter((name) => name.startsWith("reasoning"));
  expect(found.toSorted()).toEqual(names);
  const { text } = await post(CHAT_PATH, { ...thinking, stream: true });
  const deltas = eventsOf(text).map((event) => JSON.stringify(event));
  expect(deltas[0]).toContain('"delta":{"role":"assistant","content":""}');
  for (const name of names) expect(deltas[1]).toContain(`"${name}":"First, "`);
});

it("vLLM ends a broken stream in its mark, and older releases have flat errors", async () => {
  const { post } = await engine("vllm");
  const broken = eventsOf(
    (await post(CHAT_PATH, { ...CHAT, model: "mid-error", stream: true })).text,
  );
  expect(broken.at(-2)).toMatchObject({ error: { code: 500, type: "InternalServerError" } });
  expect(broken.at(-1)).toBe("[DONE]");
  const long = { ...CHAT, model: "ctx-4", messages: [{ role: "user", content: "x".repeat(99) }] };
  expect(await post(CHAT_PATH, long)).toMatchObject({
    status: 400,
    json: { error: { type: "BadRequestError", code: 400 } },
  });
  const old = await engine("vllm", { version: "0.8.5" });
  expect((await old.post(CHAT_PATH, { ...CHAT, model: "status-404" })).json).toMatchObject({
    object: "error",
    type: "NotFoundError",
  });
  const counted = await post(CHAT_PATH, {
    ...CHAT,
    stream: true,
    stream_options: { include_usage: true, continuous_usage_stats: true },
  });
  expect(eventsOf(counted.text)).toMatchObject([
    ...[0, 1, 2, 3, 3, 3].map((completion_tokens) => ({ usage: { completion_tokens } })),
    "[DONE]",
  ]);
  const guided = await post(CHAT_PATH, { ...CHAT, structured_outputs: { json: PLACE } });
  const { choices } = guided.json as unknown as { choices: [{ message: { content: string } }] };
  expect(JSON.parse(choices[0].message.content)).toEqual(ZURICH);
});

it.each(["vllm", "sglang", "llama-server", "ollama"])(
  "%s speaks Anthropic's format too, with its errors",
  async (kind) => {
    const { post } = await engine(kind);
    const message = { model: "m", max_tokens: 9, messages: HI };
    expect((await post("/v1/messages", message)).json).toMatchObject({
      type: "message",
      content: [{ text: "word0 word1 word2" }],
    });
    expect((await post("/v1/messages", { ...message, model: "status-503" })).json).toMatchObject({
      type: "error",
      error: { type: "api_error", message: "mock failure 503" },
    });
  },
);

it("SGLang has flat errors, cumulative text, stops that it names, and both old and new paths", async () => {
  const { get, post } = await engine("sglang");
  expect((await post(CHAT_PATH, { model: "m" })).json).toMatchObject({
    object: "error",
    code: 400,
  });
  expect((await post(CHAT_PATH, { ...CHAT, stop: "word1" })).json).toMatchObject({
    choices: [{ matched_stop: "word1", finish_reason: "stop" }],
    metadata: { weight_version: "default" },
  });
  const { text } = await post("/generate", { text: "Hi", stream: true });
  expect(eventsOf(text)).toMatchObject([
    { text: "word0 ", meta_info: { finish_reason: null } },
    { text: "word0 word1 " },
    { text: "word0 word1 word2 ", meta_info: { finish_reason: { type: "stop" } } },
    "[DONE]",
  ]);
  for (const path of ["/model_info", "/get_model_info", "/server_info", "/get_server_info"])
    expect((await get(path)).json).toHaveProperty("model_path");
  for (const path of ["/health", "/health_generate"]) expect((await get(path)).status).toBe(200);
  expect((await post("/flush_cache")).text).toContain("Cache flushed");
  expect((await get("/metrics")).text).toContain("sglang:num_running_reqs");
  const query = { query: "a weir", documents: ["a dog", "a weir"] };
  expect((await post("/v1/rerank", query)).json).toMatchObject([
    { index: 1, document: "a weir" },
    {},
  ]);
});

it("llama-server answers 503 while it loads, and has timings, templates and slots", async () => {
  const loading = await engine("llama-server", { isLoading: true });
  for (const path of ["/health", "/props"])
    expect(await loading.get(path)).toMatchObject({
      status: 503,
      json: { error: { type: "unavailable_error", code: 503 } },
    });
  const { get, post } = await engine("llama-server", { apiKey: "k" }, "k");
  expect((await get("/health")).json).toEqual({ status: "ok" });
  expect((await get("/props")).json).toMatchObject({ total_slots: 1 });
  expect((await get("/slots")).json).toMatchObject([{ id: 0 }]);
  expect((await post("/apply-template", CHAT)).json).toEqual({
    prompt: "<|user|>\nHi there\n<|assistant|>\n",
  });
  expect((await post("/tokenize", { content: "é", with_pieces: true })).json).toEqual({
    tokens: [{ id: 233, piece: "é" }],
  });
  expect((await get("/metrics")).text).toContain("llamacpp:requests_processing");
  expect((await post(CHAT_PATH, CHAT)).json).toMatchObject({ timings: { predicted_n: 3 } });
  const { text } = await post("/completion", { prompt: "Hi", stream: true, stop: ["word2"] });
  expect(eventsOf(text).at(-1)).toMatchObject({ stop: true, stop_type: "word" });
  const long = { ...CHAT, model: "ctx-4", messages: [{ role: "user", content: "x".repeat(99) }] };
  expect((await post(CHAT_PATH, long)).json).toMatchObject({
    error: { type: "exceed_context_size_error", n_ctx: 4 },
  });
  const broken = { ...CHAT, model: "mid-error", stream: true };
  expect(eventsOf((await post(CHAT_PATH, broken)).text).at(-1)).toHaveProperty("error.code", 500);
  expect((await post(CHAT_PATH, { ...CHAT, stream: true })).text).toMatch(/[^\n]\n$/);
  const old = await engine("llama-server", { version: "b5966" });
  expect((await old.post(CHAT_PATH, broken)).text).toMatch(/^error: \{"code":500,/m);
  const stranger = await engine("llama-server", { apiKey: "k" });
  expect((await stranger.get("/v1/models")).status).toBe(200);
  expect((await stranger.get("/props")).status).toBe(401);
});

it("TGI generates in its own way: no mark at the end, reasons of its own, errors with a type", async () => {
  const { get, post } = await engine("tgi");
  const parameters = { details: true, seed: 7 };
  expect((await post("/generate", { inputs: "Hi", parameters })).json).toMatchObject({
    generated_text: "word0 word1 word2",
    details: { finish_reason: "eos_token", generated_tokens: 4, seed: 7 },
  });
  expect((await post("/", { inputs: "Hi" })).json).toEqual([
    { generated_text: "word0 word1 word2" },
  ]);
  const { text } = await post("/generate_stream", {
    inputs: "Hi",
    parameters: { stop: ["word2"] },
  });
  const events = eventsOf(text);
  expect(events.at(-1)).toMatchObject({
    token: { text: "word1 ", special: false },
    generated_text: "word0 word1",
    details: { finish_reason: "stop_sequence" },
  });
  expect(events[0]).toMatchObject({ index: 1, generated_text: null, details: null });
  const broken = (await post("/generate_stream", { model: "mid-error", inputs: "Hi" })).text;
  expect(eventsOf(broken).at(-1)).toMatchObject({ error_type: "generation" });
  expect(await post("/generate", {})).toMatchObject({
    status: 422,
    text: expect.stringContaining("missing field `inputs`") as string,
    json: undefined,
  });
  expect(await post("/generate", { inputs: "" })).toMatchObject({
    status: 422,
    json: { error_type: "validation" },
  });
  expect(await post("/generate", { inputs: "Hi", model: "status-429" })).toMatchObject({
    status: 429,
    json: { error: "Model is overloaded", error_type: "overloaded" },
  });
  expect((await get("/info")).json).toMatchObject({ model_id: "mock/tgi-model" });
  expect((await get("/metrics")).text).toContain("tgi_batch_current_max_tokens");
  expect((await post("/tokenize", { inputs: "Hé" })).json).toMatchObject([
    {},
    { text: "é", start: 1 },
  ]);
  expect((await post("/chat_tokenize", CHAT)).json).toHaveProperty("templated_text");
  const grammar = { type: "json", value: PLACE };
  const { json } = await post("/generate", { inputs: "Hi", parameters: { grammar } });
  expect(JSON.parse((json as unknown as { generated_text: string }).generated_text)).toEqual(
    ZURICH,
  );
});

it("TGI chats with empty ids, its own model's name, and stop sequences that leak", async () => {
  const { mock, post } = await engine("tgi");
  const whole = await post(CHAT_PATH, { ...CHAT, stop: ["word1"] });
  expect(whole.json).toMatchObject({
    id: "",
    model: "mock/tgi-model",
    choices: [{ finish_reason: "stop_sequence" }],
  });
  const wordless = await post(CHAT_PATH, { ...CHAT, response_format: { type: "json_object" } });
  expect(wordless).toMatchObject({ status: 422, text: expect.stringMatching(/`value`/) as string });
  const { text } = await post(CHAT_PATH, { ...CHAT, model: "mid-error", stream: true });
  expect(eventsOf(text).slice(-2)).toMatchObject([{ error: { http_status_code: 424 } }, "[DONE]"]);
  const answer = await fetch(`${mock.url}/generate`, {
    method: "POST",
    body: JSON.stringify({ inputs: "Hi" }),
  });
  expect(answer.headers.get("x-compute-type")).toBe("1-nvidia-mock");
  const old = await engine("tgi", { version: "2.4.0" });
  expect((await old.post(CHAT_PATH, { ...CHAT, tools: TOOLS })).json).toMatchObject({
    choices: [{ message: { tool_calls: [{ function: { arguments: ZURICH } }, {}] } }],
  });
  const calls = await old.post(CHAT_PATH, { ...CHAT, tools: TOOLS, stream: true });
  expect(eventsOf(calls.text).slice(0, 2)).toMatchObject([
    { choices: [{ delta: { tool_calls: { index: 0, function: { name: "weather" } } } }] },
    { choices: [{ delta: { tool_calls: { index: 0, function: { name: null } } } }] },
  ]);
  const locked = await engine("tgi", { apiKey: "k" });
  expect(await locked.post("/generate", { inputs: "Hi" })).toMatchObject({ status: 401, text: "" });
  expect((await locked.get("/info")).status).toBe(200);
});

it("TGI satisfies Hugging Face's client", async () => {
  const mock = await double("tgi");
  const client = new InferenceClient("hf_key");
  const endpointUrl = mock.url;
  const answer = await client.textGeneration({ endpointUrl, inputs: "Hi" });
  expect(answer.generated_text).toBe("word0 word1 word2");
  const chat = await client.chatCompletion({ endpointUrl: `${mock.url}/v1`, messages: HI });
  expect(chat.choices[0]?.message.content).toBe("word0 word1 word2");
  const stream = client.chatCompletionStream({ endpointUrl: `${mock.url}/v1`, messages: HI });
  const parts = await Array.fromAsync(stream);
  expect(parts.map(({ choices }) => choices[0]?.delta.content).join("")).toBe("word0 word1 word2 ");
});
