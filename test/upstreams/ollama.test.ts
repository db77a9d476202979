import { Ollama } from "ollama";
import { expect, it } from "vitest";
import { HI, PIXEL, PLACE, TOOLS, ZURICH, double, post } from "./double.ts";

async function ollama() {
  const mock = await double("ollama");
  return { mock, client: new Ollama({ host: mock.url }) };
}

const BASE = { model: "llama", messages: HI };

it("chats, whole and in lines of JSON, with thoughts", async () => {
  const { client } = await ollama();
  const whole = await client.chat({ ...BASE, think: true });
  expect(whole).toMatchObject({
    message: {
      content: "word0 word1 word2",
      thinking: "First, the question is read. Then “it” is answered.",
    },
    done_reason: "stop",
    eval_count: 7,
  });
  const parts = await Array.fromAsync(await client.chat({ ...BASE, think: true, stream: true }));
  expect(parts.map(({ message }) => message.content).join("")).toBe("word0 word1 word2 ");
  expect(parts.map(({ message }) => message.thinking ?? "").join("")).toContain("First, ");
  expect(parts.at(-1)).toMatchObject({ done: true, eval_count: 7 });
  await expect(client.chat({ ...BASE, model: "no-think", think: true })).rejects.toThrow(
    /does not support thinking/,
  );
});

it("calls tools whole, with arguments that are an object, and ends them in stop", async () => {
  const { client } = await ollama();
  const { message, done_reason } = await client.chat({ ...BASE, tools: TOOLS as never });
  expect(message.tool_calls).toMatchObject([
    { function: { name: "weather", arguments: ZURICH } },
    { function: { name: "map", arguments: ZURICH } },
  ]);
  expect(done_reason).toBe("stop");
  const asked = { ...BASE, tools: TOOLS as never, stream: true as const };
  const parts = await Array.fromAsync(await client.chat(asked));
  expect(parts.flatMap((part) => part.message.tool_calls ?? [])).toHaveLength(2);
  const messages = [...HI, message, { role: "tool", content: "sun", tool_name: "weather" }];
  const after = await client.chat({ ...BASE, messages, tools: TOOLS as never });
  expect(after.message.content).toBe("word0 word1 word2");
});

it("answers in the schema, counts images, and cuts a long prompt without a word", async () => {
  const { client } = await ollama();
  const json = await client.chat({ ...BASE, format: PLACE });
  expect(JSON.parse(json.message.content)).toEqual(ZURICH);
  const see = (image: string) =>
    client.chat({ ...BASE, messages: [{ role: "user", content: "?", images: [image] }] });
  expect((await see(PIXEL)).message.content).toBe("I see 1 image.");
  await expect(see(`data:image/png;base64,${PIXEL}`)).rejects.toThrow(/illegal base64/);
  const long = [{ role: "user", content: "long ".repeat(500) }];
  const cut = await client.chat({ model: "llama", messages: long, options: { num_ctx: 16 } });
  expect(cut).toMatchObject({ prompt_eval_count: 16, done_reason: "stop" });
  const short = await client.chat({ ...BASE, options: { num_predict: 1 } });
  expect(short.done_reason).toBe("length");
});

it("generates, embeds, lists and shows", async () => {
  const { mock, client } = await ollama();
  const { response, context } = await client.generate({ model: "llama", prompt: "Hi" });
  expect(response).toBe("word0 word1 word2");
  expect(context.length).toBeGreaterThan(0);
  expect((await client.generate({ model: "llama", prompt: "" })).done_reason).toBe("load");
  const { embeddings } = await client.embed({ model: "e", input: ["a", "b"] });
  expect(embeddings).toEqual([
    [0.6, 0.8, 0],
    [0.6, 0.8, 0],
  ]);
  expect((await client.list()).models).toMatchObject([{ name: "mock:latest" }]);
  expect((await client.ps()).models).toMatchObject([{ size_vram: expect.any(Number) as number }]);
  const gone = await client.generate({ model: "llama", prompt: "", keep_alive: 0 });
  expect(gone.done_reason).toBe("unload");
  expect((await client.ps()).models).toEqual([]);
  const likely = await client.chat({ ...BASE, logprobs: true, top_logprobs: 1 });
  expect(likely.logprobs).toMatchObject([{ token: "word0 ", top_logprobs: [{}] }, {}, {}]);
  expect((await client.show({ model: "mock" })).capabilities).toContain("tools");
  await expect(client.show({ model: "missing" })).rejects.toMatchObject({ status_code: 404 });
  expect(await (await fetch(mock.url)).text()).toBe("Ollama is running");
});

it("fails with a bare string, and with a line of its stream", async () => {
  const { mock, client } = await ollama();
  await expect(client.chat({ ...BASE, model: "status-500" })).rejects.toMatchObject({
    name: "ResponseError",
    status_code: 500,
    error: "mock failure 500",
  });
  const stream = await client.chat({ ...BASE, model: "mid-error", stream: true });
  await expect(Array.fromAsync(stream)).rejects.toThrow(/unexpected EOF/);
  const compatible = await post(`${mock.url}/v1/chat/completions`, {
    ...BASE,
    model: "status-404",
  });
  expect(await compatible.json()).toMatchObject({ error: { type: "not_found_error", code: null } });
});
