/** The `openai` package against Weir and its built-in model: whole, streamed, stopped, by schema. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { startExampleServer } from "../server.ts";

await using weir = await startExampleServer();
const client = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: weir.key });
const question = {
  model: "chat",
  temperature: 0,
  messages: [{ role: "user" as const, content: "What is a KV cache?" }],
};

const whole = await client.chat.completions.create(question);
const text = whole.choices[0]?.message.content ?? "";
console.log(`whole: ${text} (${whole.usage?.completion_tokens} tokens)`);

let streamed = "";
const stream = await client.chat.completions.create({ ...question, stream: true });
for await (const chunk of stream) streamed += chunk.choices[0]?.delta.content ?? "";
assert.equal(streamed, text, "a stream says the same as a whole answer");

const stopped = await client.chat.completions.create({ ...question, stream: true });
let pieces = 0;
for await (const chunk of stopped) {
  if (chunk.choices[0]?.delta.content && ++pieces === 3) break; // leaving cancels the generation
}

const schema = {
  type: "object",
  properties: { topic: { type: "string", maxLength: 40 }, important: { type: "boolean" } },
  required: ["topic", "important"],
  additionalProperties: false,
};
const byForm = await client.chat.completions.create({
  ...question,
  response_format: { type: "json_schema", json_schema: { name: "note", schema, strict: true } },
});
const note = JSON.parse(byForm.choices[0]?.message.content ?? "") as Record<string, unknown>;
console.log("by schema:", note);
assert.equal(typeof note["important"], "boolean");

const { data } = await client.embeddings.create({ model: "chat", input: ["a river", "a weir"] });
assert.equal(data.length, 2);
console.log(`embeddings: ${data[0]?.embedding.length} numbers each`);
