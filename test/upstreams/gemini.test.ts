import { ApiError, FunctionCallingConfigMode, GoogleGenAI, Type } from "@google/genai";
import { expect, it } from "vitest";
import type { MockOptions } from "../../src/cli/mock/upstream.ts";
import { PIXEL, PLACE, ZURICH, double, eventsOf, post } from "./double.ts";

async function gemini(options: Partial<MockOptions> = {}, apiKey = "g-key") {
  const mock = await double("gemini", options);
  const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: mock.url } });
  return { mock, client };
}

const parameters = {
  type: Type.OBJECT,
  properties: { city: { type: Type.STRING }, days: { type: Type.INTEGER } },
  required: ["city", "days"],
};
const tools = [{ functionDeclarations: ["weather", "map"].map((name) => ({ name, parameters })) }];

it("answers whole and streamed, with thoughts counted apart", async () => {
  const { client } = await gemini();
  const config = { thinkingConfig: { includeThoughts: true } };
  const whole = await client.models.generateContent({ model: "flash", contents: "Hi", config });
  expect(whole.text).toBe("word0 word1 word2");
  expect(whole.candidates?.[0]?.content?.parts?.[0]).toMatchObject({ thought: true });
  expect(whole.usageMetadata).toMatchObject({ thoughtsTokenCount: 4, candidatesTokenCount: 3 });
  const stream = await client.models.generateContentStream({
    model: "flash",
    contents: "Hi",
    config,
  });
  const chunks = await Array.fromAsync(stream);
  expect(chunks.map(({ text }) => text ?? "").join("")).toBe("word0 word1 word2 ");
  expect(chunks.at(-1)?.candidates?.[0]).toMatchObject({
    finishReason: "STOP",
    content: { parts: [{ thoughtSignature: expect.anything() as unknown }] },
  });
  expect(chunks.at(-1)?.usageMetadata?.totalTokenCount).toBeGreaterThan(7);
});

it("calls functions whole, takes their results, and wants its signature back", async () => {
  const { client } = await gemini();
  const ask = { model: "gemini-3-pro", contents: "Hi", config: { tools } };
  const { functionCalls, candidates } = await client.models.generateContent(ask);
  expect(functionCalls).toMatchObject([
    { name: "weather", args: ZURICH },
    { name: "map", args: ZURICH },
  ]);
  const streamed = await Array.fromAsync(await client.models.generateContentStream(ask));
  expect(streamed.flatMap((chunk) => chunk.functionCalls ?? [])).toHaveLength(2);
  const called = candidates?.[0]?.content ?? {};
  const results = {
    role: "user",
    parts: ["weather", "map"].map((name) => ({
      functionResponse: { name, response: { output: "sun" } },
    })),
  };
  const turn = (parts: object[] | undefined) =>
    client.models.generateContent({
      ...ask,
      contents: [
        { role: "user", parts: [{ text: "Hi" }] },
        { ...called, parts: parts ?? [] },
        results,
      ],
    });
  expect((await turn(called.parts)).text).toBe("word0 word1 word2");
  const unsigned = called.parts?.map(({ functionCall }) => ({ functionCall }));
  await expect(turn(unsigned)).rejects.toThrow(/thought_signature/);
  const mode = FunctionCallingConfigMode.ANY;
  const forced = await client.models.generateContent({
    ...ask,
    config: {
      tools,
      toolConfig: { functionCallingConfig: { mode, allowedFunctionNames: ["map"] } },
    },
  });
  expect(forced.functionCalls?.map(({ name }) => name)).toEqual(["map"]);
});

it("answers in the schema, and knows only its own kind of schema", async () => {
  const { mock, client } = await gemini();
  const json = { responseMimeType: "application/json" };
  const ask = (config: object) =>
    client.models.generateContent({ model: "flash", contents: "Hi", config });
  expect(JSON.parse((await ask({ ...json, responseSchema: parameters })).text ?? "")).toEqual(
    ZURICH,
  );
  expect(JSON.parse((await ask({ ...json, responseJsonSchema: PLACE })).text ?? "")).toEqual(
    ZURICH,
  );
  const refused = await post(`${mock.url}/v1beta/models/flash:generateContent`, {
    contents: [{ parts: [{ text: "Hi" }] }],
    generationConfig: { ...json, responseSchema: { ...PLACE, additionalProperties: false } },
  });
  expect(await refused.json()).toMatchObject({
    error: {
      code: 400,
      status: "INVALID_ARGUMENT",
      message: expect.stringContaining('Unknown name "additionalProperties"') as string,
    },
  });
});

it("counts images, tokens and candidates, and embeds", async () => {
  const { client } = await gemini();
  const image = { inlineData: { mimeType: "image/png", data: PIXEL } };
  const see = (part: object) =>
    client.models.generateContent({ model: "flash", contents: [{ role: "user", parts: [part] }] });
  expect((await see(image)).text).toBe("I see 1 image.");
  const wrong = { inlineData: { mimeType: "image/png", data: `data:image/png;base64,${PIXEL}` } };
  await expect(see(wrong)).rejects.toThrow(/Base64 decoding failed/);
  const config = { candidateCount: 2, maxOutputTokens: 1 };
  const many = await client.models.generateContent({ model: "flash", contents: "Hi", config });
  expect(many.candidates?.map(({ finishReason }) => finishReason)).toEqual([
    "MAX_TOKENS",
    "MAX_TOKENS",
  ]);
  const likely = await client.models.generateContent({
    model: "flash",
    contents: "Hi",
    config: { responseLogprobs: true, logprobs: 1 },
  });
  expect(likely.candidates?.[0]?.logprobsResult?.chosenCandidates).toHaveLength(3);
  const stream = await client.models.generateContentStream({
    model: "flash",
    contents: "Hi",
    config: { responseLogprobs: true },
  });
  const tokens: unknown[] = [];
  for await (const { candidates } of stream)
    tokens.push(candidates?.[0]?.logprobsResult?.chosenCandidates?.[0]?.token);
  expect(tokens.filter(Boolean)).toEqual(["word0 ", "word1 ", "word2 "]);
  const { totalTokens } = await client.models.countTokens({ model: "flash", contents: "Hi there" });
  expect(totalTokens).toBeGreaterThan(3);
  const { embeddings } = await client.models.embedContent({
    model: "gemini-embedding-001",
    contents: ["a", "b"],
    config: { outputDimensionality: 4 },
  });
  expect(embeddings?.map(({ values }) => values?.length)).toEqual([4, 4]);
});

it.each([400, 403, 404, 429, 500, 503])("fails with %s as the client knows it", async (status) => {
  const { client } = await gemini();
  const failed = client.models.generateContent({ model: `status-${status}`, contents: "Hi" });
  await expect(failed).rejects.toBeInstanceOf(ApiError);
  await expect(failed).rejects.toMatchObject({ status });
});

it("says when to come back in the error's details", async () => {
  const { mock } = await gemini();
  const answer = await post(`${mock.url}/v1beta/models/status-429:generateContent`, {});
  expect(answer.headers.has("retry-after")).toBe(false);
  expect(await answer.json()).toMatchObject({
    error: { status: "RESOURCE_EXHAUSTED", details: [{ retryDelay: "1s" }] },
  });
});

it("answers a wrong key with 400 and none with 403", async () => {
  const { mock, client } = await gemini({ apiKey: "g-key" }, "wrong");
  const wrong = client.models.generateContent({ model: "flash", contents: "Hi" });
  await expect(wrong).rejects.toMatchObject({ status: 400 });
  await expect(wrong).rejects.toThrow(/API_KEY_INVALID/);
  const body = { contents: [{ parts: [{ text: "Hi" }] }] };
  const url = `${mock.url}/v1beta/models/flash:generateContent`;
  expect((await post(url, body)).status).toBe(403);
  expect((await post(`${url}?key=g-key`, body)).status).toBe(200);
});

it("streams one long array without alt=sse, and fails as an event or as bare JSON", async () => {
  const { mock, client } = await gemini();
  const body = { contents: [{ parts: [{ text: "Hi" }] }] };
  const ask = async (model: string, query: string) => {
    const url = `${mock.url}/v1beta/models/${model}:streamGenerateContent${query}`;
    return (await post(url, body)).text();
  };
  expect(JSON.parse(await ask("flash", ""))).toHaveLength(4);
  expect(eventsOf(await ask("mid-error-event", "?alt=sse")).at(-1)).toMatchObject({
    error: { code: 503, status: "UNAVAILABLE" },
  });
  expect(await ask("mid-error", "?alt=sse")).toMatch(/\r\n\r\n{\n {2}"error": {[^]*\n}\n$/);
  for (const model of ["mid-error", "mid-error-event"]) {
    const stream = await client.models.generateContentStream({ model, contents: "Hi" });
    await expect(Array.fromAsync(stream)).rejects.toThrow(/overloaded/);
  }
  const blocked = await client.models.generateContent({ model: "blocked", contents: "Hi" });
  expect(blocked).toMatchObject({ promptFeedback: { blockReason: "SAFETY" } });
});
