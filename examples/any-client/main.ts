/** Three clients' protocols in front of several vendors': the same answer everywhere, and what cannot be said is named. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { at, createCaller, show, step } from "../lab.ts";
import { startExampleServer } from "../server.ts";

const REPLY = "A weir holds water back.";
const KINDS: Readonly<Record<string, string>> = {
  vllm: "mock",
  tgi: "mock/tgi-model",
  ollama: "llama3.2",
  anthropic: "claude-sonnet-4-5",
  gemini: "gemini-2.5-flash",
  mistral: "mistral-small-latest",
};
process.env["LAB_KEY"] = "lab-secret";
const doubles = new Map(
  await Promise.all(
    Object.keys(KINDS).map(async (kind) => {
      const double = await createMockUpstream({ kind, reply: REPLY, apiKey: "lab-secret" });
      return [kind, double] as const;
    }),
  ),
);
const targets = Array.from(
  doubles,
  ([kind, { url }]) =>
    `  ${kind}: { targets: [{ provider: ${kind}, url: "${url}", model: "${KINDS[kind]}", apiKeyEnv: LAB_KEY }] }`,
);
{
  await using weir = await startExampleServer(`models:\n${targets.join("\n")}\n`);
  const api = createCaller(weir);
  const openai = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: weir.key, maxRetries: 0 });
  const content = "What does a weir do?";

  step("Each client, in front of each vendor");
  for (const [model, double] of doubles) {
    const seen = double.calls.length;
    const chat = await openai.chat.completions.create({
      model,
      messages: [{ role: "user", content }],
    });
    const response = await openai.responses.create({ model, input: content });
    const message = await api.post(
      "/v1/messages",
      { model, max_tokens: 100, messages: [{ role: "user", content }] },
      { "anthropic-version": "2023-06-01", "x-api-key": weir.key },
    );
    const said = [
      chat.choices[0]?.message.content,
      response.output_text,
      at(message.json, "content", 0, "text"),
    ];
    assert.deepEqual(said, [REPLY, REPLY, REPLY], model);
    const paths = new Set(double.calls.slice(seen).map(({ path }) => path));
    console.log(
      `${model.padEnd(10)} chat ✓ responses ✓ messages ✓   by ${[...paths].join(" and ")}`,
    );
  }

  step("A tool's call, in each protocol's words, from a vendor that has others");
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  const asked = await openai.chat.completions.create({
    model: "gemini",
    messages: [{ role: "user", content: "How is it in Zürich?" }],
    tools: [{ type: "function", function: { name: "weather", parameters } }],
  });
  show("OpenAI's  ", asked.choices[0]?.message.tool_calls?.[0]);
  const tooled = await api.post("/v1/messages", {
    model: "gemini",
    max_tokens: 100,
    messages: [{ role: "user", content: "How is it in Zürich?" }],
    tools: [{ name: "weather", input_schema: parameters }],
  });
  show("Anthropic's", at(tooled.json, "content", 0));
  assert.equal(at(tooled.json, "content", 0, "type"), "tool_use");
  assert.equal(asked.choices[0]?.finish_reason, "tool_calls");

  step("A conversation that changes its vendor half-way: Weir keeps what was said");
  const first = await openai.responses.create({ model: "gemini", input: content });
  await openai.responses.create({
    model: "anthropic",
    input: "And why?",
    previous_response_id: first.id,
  });
  const history = at(doubles.get("anthropic")?.requests.at(-1), "messages") as unknown[];
  for (const turn of history) show("Anthropic got", turn);
  assert.equal(history.length, 3);

  step("What a vendor has no word for is left out, and named");
  for (const model of doubles.keys()) {
    const { headers } = await api.post("/v1/chat/completions", {
      model,
      messages: [{ role: "user", content }],
      seed: 7,
      min_p: 0.1,
      user: "u-1",
    });
    console.log(`${model.padEnd(10)} ${headers.get("x-weir-dropped") ?? "nothing dropped"}`);
  }
  const strict = await api.post("/v1/messages", {
    model: "vllm",
    max_tokens: 100,
    messages: [{ role: "user", content }],
    top_k: 5,
    container: "c-1",
  });
  show("an Anthropic client's field for vLLM", strict.headers.get("x-weir-dropped"));
  assert.equal(strict.headers.get("x-weir-dropped"), "container");

  step("What would change the answer is refused instead");
  const scored = await api.post("/v1/chat/completions", {
    model: "anthropic",
    messages: [{ role: "user", content }],
    logprobs: true,
  });
  show(`HTTP ${scored.status}`, at(scored.json, "error", "message"));
  assert.equal(scored.status, 400);

  step("Two answers from a vendor that gives one: Weir asks twice");
  const two = await openai.chat.completions.create({
    model: "anthropic",
    messages: [{ role: "user", content }],
    n: 2,
  });
  show("choices", two.choices.length);
  assert.equal(two.choices.length, 2);
}
await Promise.all(Array.from(doubles.values(), (double) => double.close()));
