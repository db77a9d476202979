import OpenAI, {
  AzureOpenAI,
  APIConnectionError,
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
  UnprocessableEntityError,
} from "openai";
import { expect, it } from "vitest";
import type { MockOptions } from "../../src/cli/mock/upstream.ts";
import { HI, PIXEL, PLACE, TOOLS, ZURICH, double, post } from "./double.ts";

async function openai(kind = "openai", options: Partial<MockOptions> = {}) {
  const mock = await double(kind, options);
  const client = new OpenAI({ baseURL: `${mock.url}/v1`, apiKey: "sk-right", maxRetries: 0 });
  return { mock, client };
}

const FAMILY = ["openai", "openai-compatible", "vllm", "sglang", "llama-server", "ollama"];
const HOSTED = ["groq", "together", "openrouter"];

it.each([...FAMILY, ...HOSTED])("%s answers OpenAI's client, whole and streamed", async (kind) => {
  const { client } = await openai(kind);
  const answer = await client.chat.completions.create({ model: "m", messages: HI });
  expect(answer.choices[0]?.message.content).toBe("word0 word1 word2");
  expect(answer.usage?.completion_tokens).toBe(3);
  const stream = await client.chat.completions.create({
    model: "m",
    messages: HI,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let finish: string | null | undefined;
  let usage: number | undefined;
  for await (const { choices, usage: counted } of stream) {
    text += choices[0]?.delta.content ?? "";
    finish = choices[0]?.finish_reason ?? finish;
    usage = counted?.completion_tokens ?? usage;
  }
  expect({ text: text.trimEnd(), finish, usage }).toEqual({
    text: "word0 word1 word2",
    finish: "stop",
    usage: 3,
  });
});

it.each([...FAMILY, ...HOSTED, "tgi"])("%s streams two tool calls", async (kind) => {
  const { client } = await openai(kind);
  const call = { model: "m", messages: HI, tools: TOOLS };
  const whole = await client.chat.completions.create(call);
  const calls = whole.choices[0]?.message.tool_calls ?? [];
  expect(calls.map((one) => one.type === "function" && JSON.parse(one.function.arguments))).toEqual(
    [ZURICH, ZURICH],
  );
  const final = await client.chat.completions.stream(call).finalChatCompletion();
  expect(final.choices[0]?.finish_reason).toBe("tool_calls");
  const streamed = final.choices[0]?.message.tool_calls ?? [];
  expect(streamed.map((one) => one.type === "function" && one.function)).toMatchObject([
    { name: "weather", arguments: JSON.stringify(ZURICH) },
    { name: "map", arguments: JSON.stringify(ZURICH) },
  ]);
  const after = await client.chat.completions.create({
    ...call,
    messages: [
      ...HI,
      { role: "assistant", tool_calls: calls },
      ...calls.map(({ id }) => ({ role: "tool" as const, tool_call_id: id, content: "sun" })),
    ],
  });
  expect(after.choices[0]?.message.content).toBe("word0 word1 word2");
});

it("obeys the choice of tools, and ends a forced call in stop", async () => {
  const { client } = await openai();
  const ask = async (more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) => {
    const { choices } = await client.chat.completions.create({
      model: "m",
      messages: HI,
      tools: TOOLS,
      ...more,
    });
    const names = choices[0]?.message.tool_calls?.map(
      (one) => one.type === "function" && one.function.name,
    );
    return { names, finish: choices[0]?.finish_reason };
  };
  expect(await ask({ tool_choice: "none" })).toEqual({ names: undefined, finish: "stop" });
  expect(await ask({ parallel_tool_calls: false })).toEqual({
    names: ["weather"],
    finish: "tool_calls",
  });
  const named = { type: "function", function: { name: "map" } } as const;
  expect(await ask({ tool_choice: named })).toEqual({ names: ["map"], finish: "stop" });
});

it("answers in the schema, counts images, obeys n, stop, length and logprobs", async () => {
  const { client } = await openai();
  const ask = (more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) =>
    client.chat.completions.create({ model: "m", messages: HI, ...more });
  const schema = await ask({
    response_format: { type: "json_schema", json_schema: { name: "place", schema: PLACE } },
  });
  expect(JSON.parse(schema.choices[0]?.message.content ?? "")).toEqual(ZURICH);
  const image = {
    type: "image_url" as const,
    image_url: { url: `data:image/png;base64,${PIXEL}` },
  };
  const seen = await ask({ messages: [{ role: "user", content: [image, image] }] });
  expect(seen.choices[0]?.message.content).toBe("I see 2 images.");
  const many = await ask({ n: 2, stop: "word1" });
  expect(many.choices.map(({ message }) => message.content)).toEqual(["word0", "word0"]);
  expect((await ask({ max_tokens: 1 })).choices[0]?.finish_reason).toBe("length");
  const likely = await ask({ logprobs: true, top_logprobs: 2 });
  expect(likely.choices[0]?.logprobs?.content?.[1]).toMatchObject({
    token: "word1 ",
    top_logprobs: [{ token: "word1 " }, { token: "other1 " }],
  });
});

it.each([
  ["openai-compatible", { reasoning_effort: "low" }, "reasoning_content"],
  ["openai-compatible", { thinking: { type: "enabled" } }, "reasoning_content"],
  ["sglang", { chat_template_kwargs: { enable_thinking: true } }, "reasoning_content"],
  ["llama-server", { chat_template_kwargs: { enable_thinking: true } }, "reasoning_content"],
  ["ollama", { reasoning_effort: "low" }, "reasoning"],
  ["together", { reasoning_effort: "low" }, "reasoning"],
])("%s reasons when it is asked with %j, in %s", async (kind, asked, field) => {
  const { client } = await openai(kind);
  const call = {
    model: "m",
    messages: HI,
    ...asked,
  } as OpenAI.ChatCompletionCreateParamsNonStreaming;
  const thought = "First, the question is read. Then “it” is answered.";
  const whole = await client.chat.completions.create(call);
  expect(whole.choices[0]?.message).toMatchObject({ [field]: thought });
  const chunks = await Array.fromAsync(
    await client.chat.completions.create({ ...call, stream: true }),
  );
  const deltas = chunks.map(
    ({ choices }) => choices[0]?.delta as Record<string, string> | undefined,
  );
  expect(deltas.map((delta) => delta?.[field] ?? "").join("")).toBe(thought);
});

it.each([
  ["openai", 2],
  ["vllm", 2],
  ["ollama", 1],
  ["tgi", 1],
])("%s answers n = 2 with %i", async (kind, count) => {
  const { client } = await openai(kind);
  const call = { model: "m", messages: HI, n: 2 };
  expect((await client.chat.completions.create(call)).choices).toHaveLength(count);
});

it("completes several prompts at once, and echoes", async () => {
  const { client } = await openai("vllm");
  const { choices } = await client.completions.create({ model: "m", prompt: ["a", "b"], n: 2 });
  expect(choices.map(({ index, text }) => `${index} ${text}`)).toEqual([
    "0 word0 word1 word2",
    "1 word0 word1 word2",
    "2 word0 word1 word2",
    "3 word0 word1 word2",
  ]);
  const echoed = await client.completions.create({ model: "m", prompt: "Hi ", echo: true });
  expect(echoed.choices[0]?.text).toBe("Hi word0 word1 word2");
});

it("says in every chunk that it has no usage yet, when usage is asked for", async () => {
  const { client } = await openai();
  const stream = await client.chat.completions.create({
    model: "m",
    messages: HI,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = await Array.fromAsync(stream);
  expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 3 } });
});

it("hides its reasoning and counts it", async () => {
  const { client } = await openai();
  const { choices, usage } = await client.chat.completions.create({
    model: "m",
    messages: HI,
    reasoning_effort: "low",
  });
  expect(choices[0]?.message).not.toHaveProperty("reasoning");
  expect(usage?.completion_tokens_details?.reasoning_tokens).toBe(4);
  expect(usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(0);
});

it.each([
  ["status-400", BadRequestError],
  ["status-404", NotFoundError],
  ["status-422", UnprocessableEntityError],
  ["status-429", RateLimitError],
  ["status-500", InternalServerError],
  ["refuse", APIConnectionError],
])("fails with %s as the client knows it", async (model, kind) => {
  const { client } = await openai();
  const failed = client.chat.completions.create({ model, messages: HI });
  await expect(failed).rejects.toBeInstanceOf(kind);
});

it("checks the key and what must be there", async () => {
  const { mock, client } = await openai("openai", { apiKey: "sk-right" });
  const wrong = client.withOptions({ apiKey: "sk-wrong" });
  await expect(wrong.models.list()).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
  expect((await client.models.list()).data).not.toEqual([]);
  const bare = await post(
    `${mock.url}/v1/chat/completions`,
    { model: "m" },
    {
      authorization: "Bearer sk-right",
    },
  );
  expect(await bare.json()).toMatchObject({
    error: { param: "messages", code: "missing_required_parameter" },
  });
  const long = client.chat.completions.create({
    model: "ctx-4",
    messages: [{ role: "user", content: "long ".repeat(20) }],
  });
  await expect(long).rejects.toMatchObject({ code: "context_length_exceeded", status: 400 });
});

it("breaks in the middle of a stream with an error event", async () => {
  const { client } = await openai();
  const stream = await client.chat.completions.create({
    model: "mid-error",
    messages: HI,
    stream: true,
  });
  const read = async () => {
    let text = "";
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
    return text;
  };
  await expect(read()).rejects.toBeInstanceOf(APIError);
});

it("embeds, as base64 and as numbers", async () => {
  const { mock, client } = await openai();
  const { data } = await client.embeddings.create({ model: "e", input: ["a", "b"], dimensions: 4 });
  expect(data.map(({ embedding }) => embedding.length)).toEqual([4, 4]);
  expect(data[0]?.embedding[0]).toBeCloseTo(0.6);
  const [asked] = mock.requests;
  expect(asked).toMatchObject({ encoding_format: "base64" });
  const plain = await client.embeddings.create({
    model: "e",
    input: "a",
    encoding_format: "float",
  });
  expect(plain.data[0]?.embedding).toEqual([0.6, 0.8, 0]);
});

it("answers on its Responses route, whole and streamed", async () => {
  const { client } = await openai();
  const answer = await client.responses.create({ model: "m", input: "Hi" });
  expect(answer.output_text).toBe("word0 word1 word2");
  const tools = [{ type: "function" as const, name: "map", parameters: PLACE, strict: false }];
  const called = await client.responses.create({ model: "m", input: "Hi", tools });
  expect(called.output).toMatchObject([
    { type: "function_call", name: "map", arguments: JSON.stringify(ZURICH) },
  ]);
  const stream = client.responses.stream({
    model: "m",
    input: "Hi",
    tools,
    reasoning: { summary: "auto" },
  });
  const types = new Set<string>();
  const numbers: number[] = [];
  for await (const event of stream) {
    types.add(event.type);
    if ("sequence_number" in event) numbers.push(event.sequence_number);
  }
  expect([...types]).toContain("response.function_call_arguments.done");
  expect([...types]).toContain("response.reasoning_summary_text.delta");
  expect(numbers).toEqual(numbers.map((_, index) => index));
  const final = await stream.finalResponse();
  expect(final.output.map(({ type }) => type)).toEqual(["reasoning", "function_call"]);
  const format = { type: "json_schema" as const, name: "place", schema: PLACE };
  const json = await client.responses.create({ model: "m", input: "Hi", text: { format } });
  expect(JSON.parse(json.output_text)).toEqual(ZURICH);
  const likely = await client.responses.create({
    model: "m",
    input: "Hi",
    include: ["message.output_text.logprobs"],
  });
  expect(likely.output).toMatchObject([
    { content: [{ logprobs: [{ token: "word0 ", logprob: -0.25 }, {}, {}] }] },
  ]);
});

it("takes back only the thoughts that it sealed", async () => {
  const { client } = await openai();
  const asked = { model: "m", store: false, reasoning: { effort: "low" as const } };
  const answer = await client.responses.create({
    ...asked,
    input: "Hi",
    include: ["reasoning.encrypted_content"],
  });
  const [thought] = answer.output;
  if (thought?.type !== "reasoning") throw new Error("no thought came first");
  const again = (item: typeof thought) =>
    client.responses.create({ ...asked, input: [item, { role: "user", content: "Go on" }] });
  expect((await again(thought)).output_text).toBe("word0 word1 word2");
  await expect(again({ ...thought, encrypted_content: "AAAA" })).rejects.toThrow(/be verified/);
  await expect(again({ ...thought, encrypted_content: null })).rejects.toThrow(/not persisted/);
});

it("moderates, speaks, hears and draws", async () => {
  const { client } = await openai();
  const { results } = await client.moderations.create({
    model: "omni",
    input: ["I kill", "I knit"],
  });
  expect(results.map(({ flagged }) => flagged)).toEqual([true, false]);
  const speech = await client.audio.speech.create({ model: "tts", voice: "alloy", input: "Hi" });
  expect((await speech.arrayBuffer()).byteLength).toBeGreaterThan(100);
  const file = new File([Buffer.from("RIFF")], "a.wav");
  const heard = await client.audio.transcriptions.create({ model: "whisper-1", file });
  expect(heard.text).toBe("I hear a file.");
  const drawn = await client.images.generate({ model: "gpt-image-1", prompt: "a weir" });
  expect(drawn.data?.[0]?.b64_json).toBe(PIXEL);
});

it("is Azure's service to Azure's client", async () => {
  const mock = await double("azure-openai", { apiKey: "az-key" });
  const azure = (apiKey: string) =>
    new AzureOpenAI({ endpoint: mock.url, apiKey, apiVersion: "2024-10-21", maxRetries: 0 });
  const client = azure("az-key");
  const answer = await client.chat.completions.create({ model: "my-deployment", messages: HI });
  expect(answer).toMatchObject({
    model: "gpt-4o-mini-2024-07-18",
    prompt_filter_results: [{ prompt_index: 0 }],
    choices: [{ content_filter_results: { hate: { severity: "safe" } } }],
  });
  const stream = await client.chat.completions.create({ model: "d", messages: HI, stream: true });
  const chunks = await Array.fromAsync(stream);
  expect(chunks[0]).toMatchObject({ id: "", model: "", choices: [] });
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toContain("word2");
  const filtered = client.chat.completions.create({ model: "filter-this", messages: HI });
  await expect(filtered).rejects.toMatchObject({
    status: 400,
    code: "content_filter",
    error: { innererror: { code: "ResponsibleAIPolicyViolation" } },
  });
  const wrong = azure("no").chat.completions.create({ model: "d", messages: HI });
  await expect(wrong).rejects.toBeInstanceOf(AuthenticationError);
  const unversioned = await post(
    `${mock.url}/openai/deployments/d/chat/completions`,
    { messages: HI },
    {
      "api-key": "az-key",
    },
  );
  expect(unversioned.status).toBe(404);
  const { data } = await client.embeddings.create({ model: "embed", input: "a" });
  expect(data[0]?.embedding).toHaveLength(3);
});
