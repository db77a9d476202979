import { expect, it } from "vitest";
import type { ChatEvent, GenerateRequest } from "../../chat.ts";
import { openAiChat, openAiCompletions } from "./protocols.ts";
import { type QuirkName } from "./quirks.ts";
import { openAiUpstream } from "./upstream.ts";

/** What a client sends, on its way to a server of the same family and back. */

const HEAD = { id: "chatcmpl-1", created: 1, model: "m" };
const USAGE = { inputTokens: 1, outputTokens: 1 };
const MESSAGES = [{ role: "user", content: "Hi" }];

const chat = (body: object) => openAiChat.request({ model: "m", messages: MESSAGES, ...body });

function chunk(delta: object, more: object = {}): string {
  const choice = { index: 0, delta, finish_reason: null, ...more };
  const head = { id: "a", object: "chat.completion.chunk", created: 1, model: "up" };
  return JSON.stringify({ ...head, choices: [choice] });
}

/** The chunks that a client of the same protocol gets for the server's. */
function streamed(kind: QuirkName, request: GenerateRequest, chunks: readonly string[]): string[] {
  const reader = openAiUpstream(kind).reader(request);
  const writer = openAiChat.stream(HEAD, request);
  const text = chunks.map((one) => writer.events(reader.message(one, ""))).join("");
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => data);
}

it("relays chunks whose content is null, as llama-server opens and SGLang thinks", () => {
  const opening = chunk({ role: "assistant", content: null });
  const said = chunk({ content: "Hi", x_own: 1 });
  expect(streamed("llama-server", chat({ stream: true }), [opening, said])).toEqual([
    opening.replace('"up"', '"m"'),
    said.replace('"up"', '"m"'),
  ]);
});

it("says who speaks where the server does not, and once", () => {
  const chunks = streamed("openai-compatible", chat({ stream: true }), [
    chunk({ content: "Hi" }),
    chunk({ content: " you" }),
  ]);
  expect(chunks.map((one) => one.includes('"role":"assistant"'))).toEqual([true, false, false]);
});

it.each(["groq", "mistral"] as const)("writes %s's chat as a completion", (kind) => {
  const request = openAiCompletions.request({ model: "m", prompt: "Hi" });
  const reader = openAiUpstream(kind).reader(request);
  const message = { role: "assistant", content: "Hello" };
  const head = { id: "a", object: "chat.completion", created: 1, model: "up" };
  const answer = { ...head, choices: [{ index: 0, message, finish_reason: "stop" }] };
  const events: readonly ChatEvent[] = reader.whole(JSON.stringify(answer));
  const whole = JSON.parse(openAiCompletions.whole(HEAD, events, USAGE)) as object;
  expect(whole).toMatchObject({ object: "text_completion", choices: [{ text: "Hello" }] });
});
