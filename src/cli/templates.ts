/** The files that `weir init` writes. */

export const CONFIG = `# yaml-language-server: $schema=./weir.schema.json
# Everything here has a default; \`weir check --schema\` prints all keys.

server:
  host: 127.0.0.1   # beyond loopback, put TLS in front
  port: 8080

models:
  # The name that clients ask for.
  chat:
    targets:
      # The embedded engine with the built-in demo model. Any GGUF file works: file: ./models/my.gguf
      - { provider: llama, file: demo, slots: 8, context: 2048 }
      # A server that speaks OpenAI's dialect, tried when the first cannot answer:
      # - { provider: openai-compatible, url: http://127.0.0.1:8000, model: Qwen/Qwen3-8B, fallback: true }
      # - { provider: openai, model: gpt-5-mini, apiKeyEnv: OPENAI_API_KEY, fallback: true }

guard:
  mode: enforce     # monitor only records, off turns it off
  output: { redact: [secrets, pii] }

limits:
  perKey: { requestsPerMinute: 600, concurrency: 64 }

traces:
  capture: redacted # full keeps prompts as they came, none keeps no text
  keep: 30d
`;

export const APP_PACKAGE = `{
  "name": "weir-example-app",
  "private": true,
  "type": "module",
  "scripts": {
    "start": "node ask.mjs",
    "test": "node --test"
  },
  "dependencies": {
    "openai": "^7.57.0"
  }
}
`;

export const APP = `// Asks a question through Weir with the openai package and prints the answer as it comes.
import OpenAI from "openai";

export async function ask(question, { baseURL, apiKey, write }) {
  const client = new OpenAI({ baseURL, apiKey });
  const stream = await client.chat.completions.create({
    model: "chat",
    messages: [{ role: "user", content: question }],
    stream: true,
  });
  let answer = "";
  for await (const chunk of stream) {
    const piece = chunk.choices[0]?.delta.content ?? "";
    answer += piece;
    write(piece);
  }
  return answer;
}

if (process.argv[1] === import.meta.filename) {
  const baseURL = new URL("/v1", process.env.WEIR_URL ?? "http://127.0.0.1:8080").href;
  const apiKey = process.env.WEIR_API_KEY;
  if (!apiKey) throw new Error("Set WEIR_API_KEY to a key of your Weir server.");
  const question = process.argv.slice(2).join(" ") || "What is Weir?";
  await ask(question, { baseURL, apiKey, write: (piece) => process.stdout.write(piece) });
  process.stdout.write("\\n");
}
`;

export const APP_TEST = `// The app against a fake upstream: no key, no model, no network.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";
import { ask } from "./ask.mjs";

test("prints the pieces of the answer as they come", async () => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const content of ["Hello", " there"]) {
      response.write("data: " + JSON.stringify({ choices: [{ index: 0, delta: { content } }] }) + "\\n\\n");
    }
    response.end("data: [DONE]\\n\\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const pieces = [];
  const baseURL = "http://127.0.0.1:" + server.address().port + "/v1";
  const answer = await ask("Hi", { baseURL, apiKey: "any", write: (piece) => pieces.push(piece) });
  server.close();
  server.closeAllConnections();
  assert.equal(answer, "Hello there");
  assert.deepEqual(pieces, ["Hello", " there"]);
});
`;
