import Anthropic, {
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from "@anthropic-ai/sdk";
import { expect, it } from "vitest";
import type { MockOptions } from "../../src/cli/mock/upstream.ts";
import { HI, PIXEL, PLACE, ZURICH, double, post } from "./double.ts";

async function anthropic(options: Partial<MockOptions> = {}) {
  const mock = await double("anthropic", options);
  const client = new Anthropic({ baseURL: mock.url, apiKey: "sk-ant", maxRetries: 0 });
  return { mock, client };
}

const BASE = { model: "claude", max_tokens: 2000, messages: HI };
const TOOLS = ["weather", "map"].map((name) => ({
  name,
  input_schema: { ...PLACE, required: [...PLACE.required] },
}));

it("answers whole and streamed, with cached tokens beside the input", async () => {
  const { client } = await anthropic();
  const whole = await client.messages.create({ ...BASE, system: "Be brief." });
  expect(whole).toMatchObject({
    content: [{ type: "text", text: "word0 word1 word2" }],
    stop_reason: "end_turn",
    usage: { output_tokens: 3 },
  });
  expect(whole.usage.cache_read_input_tokens).toBeGreaterThan(0);
  const streamed = await client.messages.stream(BASE).finalMessage();
  expect(streamed.content).toMatchObject([{ type: "text", text: "word0 word1 word2 " }]);
  expect(streamed.usage.output_tokens).toBe(3);
  const cut = await client.messages.create({ ...BASE, max_tokens: 1 });
  expect(cut.stop_reason).toBe("max_tokens");
  const stopped = await client.messages.create({ ...BASE, stop_sequences: ["word1"] });
  expect(stopped).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: "word1" });
});

it("streams tool calls in fragments and takes their results", async () => {
  const { client } = await anthropic();
  const stream = client.messages.stream({ ...BASE, tools: TOOLS });
  const fragments: string[] = [];
  stream.on("inputJson", (part) => fragments.push(part));
  const called = await stream.finalMessage();
  expect(called.stop_reason).toBe("tool_use");
  expect(called.content).toMatchObject([
    { type: "tool_use", name: "weather", input: ZURICH },
    { type: "tool_use", name: "map", input: ZURICH },
  ]);
  expect(fragments.length).toBeGreaterThan(10);
  const one = await client.messages.create({
    ...BASE,
    tools: TOOLS,
    tool_choice: { type: "tool", name: "map" },
  });
  expect(one.content).toMatchObject([{ name: "map" }]);
  const results = called.content.flatMap((block) =>
    block.type === "tool_use"
      ? [{ type: "tool_result" as const, tool_use_id: block.id, content: "sun" }]
      : [],
  );
  const turn = (content: typeof results) =>
    client.messages.create({
      ...BASE,
      tools: TOOLS,
      messages: [...HI, { role: "assistant", content: called.content }, { role: "user", content }],
    });
  expect((await turn(results)).content).toMatchObject([{ text: "word0 word1 word2" }]);
  await expect(turn(results.slice(1))).rejects.toThrow(/without `tool_result` blocks/);
});

it("thinks, signs its thoughts and refuses forged ones", async () => {
  const { client } = await anthropic();
  const thinking = { type: "enabled", budget_tokens: 1024 } as const;
  const answer = await client.messages.stream({ ...BASE, thinking }).finalMessage();
  expect(answer.content.map(({ type }) => type)).toEqual(["thinking", "text"]);
  const [thought] = answer.content;
  expect(thought).toMatchObject({
    thinking: "First, the question is read. Then “it” is answered.",
    signature: expect.stringMatching(/./) as string,
  });
  const redacted = await client.messages.create({ ...BASE, model: "redacted", thinking });
  expect(redacted.content[0]?.type).toBe("redacted_thinking");
  const forged = client.messages.create({
    ...BASE,
    thinking,
    messages: [
      ...HI,
      { role: "assistant", content: [{ type: "thinking", thinking: "x", signature: "forged" }] },
      { role: "user", content: "go on" },
    ],
  });
  await expect(forged).rejects.toThrow(/Invalid `signature`/);
});

it("counts images and refuses what is no base64", async () => {
  const { client } = await anthropic();
  const see = (data: string) =>
    client.messages.create({
      ...BASE,
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { type: "base64", media_type: "image/png", data } },
            { type: "text", text: "What is it?" },
          ],
        },
      ],
    });
  expect((await see(PIXEL)).content).toMatchObject([{ text: "I see 1 image." }]);
  await expect(see(`data:image/png;base64,${PIXEL}`)).rejects.toBeInstanceOf(BadRequestError);
});

it("answers in the schema, counts tokens and lists models", async () => {
  const { client } = await anthropic();
  const format = { type: "json_schema" as const, schema: PLACE as never };
  const answer = await client.messages.create({ ...BASE, output_config: { format } });
  const [block] = answer.content;
  expect(JSON.parse(block?.type === "text" ? block.text : "")).toEqual(ZURICH);
  const { input_tokens } = await client.messages.countTokens({ model: "claude", messages: HI });
  expect(input_tokens).toBeGreaterThan(5);
  expect((await client.models.list()).data.length).toBeGreaterThan(1);
});

it.each([
  ["status-400", BadRequestError, "invalid_request_error"],
  ["status-404", NotFoundError, "not_found_error"],
  ["status-429", RateLimitError, "rate_limit_error"],
  ["status-529", InternalServerError, "overloaded_error"],
])("fails with %s as the client knows it", async (model, kind, type) => {
  const { client } = await anthropic();
  const failed = client.messages.create({ ...BASE, model });
  await expect(failed).rejects.toBeInstanceOf(kind);
  await expect(failed).rejects.toMatchObject({ error: { error: { type } } });
});

it("breaks in the middle of a stream with an error event", async () => {
  const { client } = await anthropic();
  const stream = client.messages.stream({ ...BASE, model: "mid-error" });
  await expect(stream.finalMessage()).rejects.toThrow(/overloaded_error/);
});

it("wants its key, its version, max_tokens, and nothing that it does not know", async () => {
  const { mock, client } = await anthropic({ apiKey: "sk-ant" });
  await expect(client.withOptions({ apiKey: "no" }).messages.create(BASE)).rejects.toBeInstanceOf(
    AuthenticationError,
  );
  const ask = async (body: object, headers = {}) => {
    const answer = await post(`${mock.url}/v1/messages`, body, {
      "x-api-key": "sk-ant",
      ...headers,
    });
    const { error } = (await answer.json()) as { error: { message: string } };
    return error.message;
  };
  const version = { "anthropic-version": "2023-06-01" };
  expect(await ask(BASE)).toBe("anthropic-version: header is required");
  expect(await ask({ model: "claude", messages: HI }, version)).toBe("max_tokens: Field required");
  expect(await ask({ ...BASE, n: 2 }, version)).toBe("n: Extra inputs are not permitted");
  expect(await ask({ ...BASE, messages: [{ role: "system", content: "x" }] }, version)).toMatch(
    /Unexpected role "system"/,
  );
  const long = { ...BASE, model: "ctx-4", messages: [{ role: "user", content: "x".repeat(99) }] };
  expect(await ask(long, version)).toMatch(/prompt is too long: \d+ tokens > 4 maximum/);
});
