import { HTTPClient, Mistral } from "@mistralai/mistralai";
import Groq, {
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
  AuthenticationError,
} from "groq-sdk";
import Together from "together-ai";
import { expect, it } from "vitest";
import { HI, PIXEL, PLACE, TOOLS, ZURICH, double, eventsOf, post } from "./double.ts";

/** Mistral, Groq and Together with their own clients; OpenRouter, which has none, by its documents. */

async function mistral(apiKey = "m-key") {
  const mock = await double("mistral", { apiKey: "m-key" });
  const client = new Mistral({
    apiKey,
    serverURL: mock.url,
    httpClient: new HTTPClient(),
    retryConfig: { strategy: "none" },
  });
  return { mock, client };
}

it("is Mistral to Mistral's client: usage unasked, calls whole, thoughts in the content", async () => {
  const { client } = await mistral();
  const whole = await client.chat.complete({ model: "m", messages: HI });
  expect(whole.choices?.[0]).toMatchObject({
    message: { content: "word0 word1 word2" },
    finishReason: "stop",
  });
  const chunks = await Array.fromAsync(await client.chat.stream({ model: "m", messages: HI }));
  expect(chunks.map(({ data }) => data.choices[0]?.delta.content)).toEqual([
    "",
    "word0 ",
    "word1 ",
    "word2 ",
    "",
  ]);
  expect(chunks.at(-1)?.data).toMatchObject({
    choices: [{ finishReason: "stop" }],
    usage: { completionTokens: 3 },
  });
  const asked = { model: "m", messages: HI, tools: TOOLS };
  const called = await Array.fromAsync(await client.chat.stream(asked));
  expect(called.at(-1)?.data.choices[0]).toMatchObject({
    finishReason: "tool_calls",
    delta: {
      toolCalls: [
        { id: expect.stringMatching(/^[a-z0-9]{9}$/) as string, function: { name: "weather" } },
        { function: { name: "map", arguments: JSON.stringify(ZURICH) } },
      ],
    },
  });
  const thought = await client.chat.complete({ model: "magistral", messages: HI });
  expect(thought.choices?.[0]?.message?.content).toMatchObject([
    {
      type: "thinking",
      thinking: [{ text: "First, the question is read. Then “it” is answered." }],
    },
    { type: "text", text: "word0 word1 word2" },
  ]);
  const streamed = await Array.fromAsync(
    await client.chat.stream({ model: "magistral", messages: HI }),
  );
  expect(streamed[1]?.data.choices[0]?.delta.content).toMatchObject([{ type: "thinking" }]);
});

it("is Mistral with schemas, embeddings and images", async () => {
  const { client } = await mistral();
  const json = await client.chat.complete({
    model: "m",
    messages: HI,
    responseFormat: {
      type: "json_schema",
      jsonSchema: { name: "place", schemaDefinition: PLACE },
    },
  });
  expect(JSON.parse(json.choices?.[0]?.message?.content as string)).toEqual(ZURICH);
  const { data } = await client.embeddings.create({ model: "mistral-embed", inputs: ["a", "b"] });
  expect(data.map(({ embedding }) => embedding?.length)).toEqual([3, 3]);
  const imageUrl = `data:image/png;base64,${PIXEL}`;
  const seen = await client.chat.complete({
    model: "m",
    messages: [{ role: "user", content: [{ type: "image_url", imageUrl }] }],
  });
  expect(seen.choices?.[0]?.message?.content).toBe("I see 1 image.");
});

it("refuses as Mistral what OpenAI takes", async () => {
  const { mock, client } = await mistral("wrong");
  await expect(client.chat.complete({ model: "m", messages: HI })).rejects.toMatchObject({
    statusCode: 401,
  });
  const ask = async (body: object) => {
    const headers = { authorization: "Bearer m-key" };
    const answer = await post(
      `${mock.url}/v1/chat/completions`,
      { model: "m", messages: HI, ...body },
      headers,
    );
    return { status: answer.status, ...((await answer.json()) as { message: unknown }) };
  };
  for (const field of ["seed", "stream_options", "max_completion_tokens", "logprobs", "user"])
    expect(await ask({ [field]: 1 })).toMatchObject({
      status: 422,
      message: { detail: [{ type: "extra_forbidden", loc: ["body", field] }] },
    });
  const tool_calls = [{ id: "call_123", function: { name: "map", arguments: "{}" } }];
  const assistant = { role: "assistant", content: "", tool_calls };
  expect(await ask({ messages: [...HI, assistant, ...HI] })).toMatchObject({
    status: 400,
    code: "3280",
  });
  expect(
    await ask({ messages: [{ role: "assistant", content: "x", reasoning_content: "y" }] }),
  ).toMatchObject({
    message: { detail: [{ loc: ["body", "messages", 0, "assistant", "reasoning_content"] }] },
  });
  expect(await ask({ model: "status-429" })).toMatchObject({
    type: "service_tier_capacity_exceeded",
  });
});

async function groq() {
  const mock = await double("groq", { apiKey: "gsk" });
  return { mock, client: new Groq({ apiKey: "gsk", baseURL: mock.url, maxRetries: 0 }) };
}

it("is Groq to Groq's client: usage in x_groq, reasoning as it is asked", async () => {
  const { client } = await groq();
  const base = { model: "llama", messages: HI };
  const whole = await client.chat.completions.create(base);
  expect(whole).toMatchObject({
    choices: [{ message: { content: "word0 word1 word2" } }],
    usage: { completion_tokens: 3, queue_time: expect.any(Number) as number },
  });
  const chunks = await Array.fromAsync(
    await client.chat.completions.create({ ...base, stream: true }),
  );
  expect(chunks[0]?.x_groq?.id).toBe("req_01mock");
  expect(chunks.at(-1)?.x_groq).toMatchObject({ usage: { completion_tokens: 3 } });
  const called = await client.chat.completions.create({ ...base, tools: TOOLS });
  expect(called.choices[0]?.message.tool_calls).toMatchObject([{}, { function: { name: "map" } }]);
  const think = async (reasoning_format: "parsed" | "raw" | "hidden") =>
    (await client.chat.completions.create({ ...base, reasoning_format })).choices[0]?.message;
  expect((await think("parsed"))?.reasoning).toContain("First, ");
  expect((await think("raw"))?.content).toMatch(/^<think>\nFirst, [^]*<\/think>\nword0/);
  expect(await think("hidden")).toEqual({ role: "assistant", content: "word0 word1 word2" });
});

it("refuses and fails as Groq", async () => {
  const { mock, client } = await groq();
  const ask = (more: object) =>
    client.chat.completions.create({ model: "llama", messages: HI, ...more });
  await expect(ask({ n: 2 })).rejects.toBeInstanceOf(BadRequestError);
  await expect(ask({ logprobs: true })).rejects.toThrow(/logprobs/);
  await expect(ask({ model: "tool-use-failed", tools: TOOLS })).rejects.toMatchObject({
    status: 400,
    error: { error: { code: "tool_use_failed", failed_generation: expect.any(String) as string } },
  });
  await expect(ask({ model: "status-404" })).rejects.toBeInstanceOf(NotFoundError);
  await expect(ask({ model: "status-429" })).rejects.toBeInstanceOf(RateLimitError);
  await expect(ask({ model: "status-503" })).rejects.toBeInstanceOf(InternalServerError);
  const stranger = new Groq({ apiKey: "no", baseURL: mock.url, maxRetries: 0 });
  await expect(stranger.models.list()).rejects.toBeInstanceOf(AuthenticationError);
  const stream = await client.chat.completions.create({
    model: "mid-error",
    messages: HI,
    stream: true,
  });
  await expect(Array.fromAsync(stream)).rejects.toThrow(/Over capacity/);
});

it("is Together to Together's client: usage in the last chunk, models in a bare list", async () => {
  const mock = await double("together", { apiKey: "t-key" });
  const client = new Together({ apiKey: "t-key", baseURL: `${mock.url}/v1`, maxRetries: 0 });
  const base = { model: "llama", messages: HI };
  const whole = await client.chat.completions.create({ ...base, logprobs: 1 });
  expect(whole.choices[0]).toMatchObject({
    message: { content: "word0 word1 word2" },
    logprobs: { tokens: ["word0 ", "word1 ", "word2 "] },
  });
  const stream = await client.chat.completions.create({ ...base, stream: true });
  const chunks = await Array.fromAsync(stream);
  expect(chunks.at(-1)).toMatchObject({
    choices: [{ finish_reason: "stop" }],
    usage: { completion_tokens: 3 },
  });
  const called = await client.chat.completions.create({ ...base, tools: TOOLS });
  expect(called.choices[0]?.message?.tool_calls).toHaveLength(2);
  const { results } = await client.rerank.create({
    model: "rank",
    query: "a weir",
    documents: ["a dog", "a weir"],
    return_documents: true,
  });
  expect(results[0]).toMatchObject({ index: 1, document: { text: "a weir" } });
  const { data } = await client.embeddings.create({ model: "e", input: ["a", "b"] });
  expect(data).toHaveLength(2);
  expect(await client.models.list()).toMatchObject([{ object: "model" }]);
  const failed = client.chat.completions.create({ ...base, model: "status-429" });
  await expect(failed).rejects.toMatchObject({ status: 429 });
  const broken = await client.chat.completions.create({
    ...base,
    model: "mid-error",
    stream: true,
  });
  await expect(Array.fromAsync(broken)).rejects.toThrow(/Internal server error/);
});

it("is OpenRouter: comments, cost, reasoning with its details, errors in chunks", async () => {
  const mock = await double("openrouter", { apiKey: "or-key" });
  const headers = { authorization: "Bearer or-key" };
  const ask = (body: object) =>
    post(`${mock.url}/api/v1/chat/completions`, { model: "m", messages: HI, ...body }, headers);
  const reasoning = { effort: "low" };
  const whole = (await (await ask({ reasoning })).json()) as object;
  expect(whole).toMatchObject({
    provider: "Mock",
    choices: [
      {
        native_finish_reason: "stop",
        message: { reasoning: expect.stringContaining("First") as string, reasoning_details: [{}] },
      },
    ],
    usage: { cost: expect.any(Number) as number, is_byok: false },
  });
  const text = await (await ask({ stream: true })).text();
  expect(text).toMatch(/^: OPENROUTER PROCESSING\n\n/);
  const events = eventsOf(text);
  expect(events.at(-2)).toMatchObject({ choices: [], usage: { completion_tokens: 3 } });
  expect(events.at(-1)).toBe("[DONE]");
  const broken = eventsOf(await (await ask({ stream: true, model: "mid-error" })).text());
  expect(broken.at(-1)).toMatchObject({
    error: { code: "server_error" },
    choices: [{ finish_reason: "error" }],
  });
  const limited = await ask({ model: "status-429" });
  expect(limited.headers.get("retry-after")).toBe("1");
  expect(await limited.json()).toMatchObject({
    error: { code: 429, metadata: { provider_name: "Mock" } },
  });
  const stranger = await post(`${mock.url}/api/v1/chat/completions`, { model: "m", messages: HI });
  expect(stranger.status).toBe(401);
  expect((await fetch(`${mock.url}/api/v1/models`)).status).toBe(200);
});
