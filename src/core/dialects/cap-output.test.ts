import { expect, it } from "vitest";
import type { Dialect, GenerateRequest } from "../chat.ts";
import { capOutput } from "./cap-output.ts";
import { anthropicMessages } from "./anthropic/protocol.ts";
import { openAiChat } from "./openai/protocols.ts";

const MESSAGES = [{ role: "user", content: "Hi" }];

it.each([
  ["openai-chat", "max_completion_tokens"],
  ["openai-completions", "max_tokens"],
  ["openai-responses", "max_output_tokens"],
  ["anthropic-messages", "max_tokens"],
] as [Dialect, string][])("caps a relayed body of %s by %s", (dialect, name) => {
  const request = openAiChat.request({ model: "m", messages: MESSAGES, odd: 1 });
  const body = { model: "m", odd: 1 };
  const capped = capOutput({ ...request, source: { dialect, body } }, 9);
  expect(capped.maxTokens).toBe(9);
  expect(capped.source?.body).toEqual({ ...body, [name]: 9 });
  expect(body).toEqual({ model: "m", odd: 1 });
});

it("leaves the text as it is", () => {
  const request = anthropicMessages.request({ model: "m", max_tokens: 5, messages: MESSAGES });
  const { source: _, ...plain } = request;
  expect(capOutput(plain as GenerateRequest, 9)).toEqual({ ...plain, maxTokens: 9 });
});
