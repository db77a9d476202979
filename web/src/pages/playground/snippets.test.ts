import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { toQuestion } from "./question.ts";
import { NO_SETTINGS, problemOf } from "./settings.ts";
import { toCode, toCurl, withoutImages } from "./snippets.ts";
import { WIRES } from "./wire/wire.ts";

const SETTINGS = { ...NO_SETTINGS, system: " Be brief. ", temperature: "0.5", seed: "7" };
const QUESTION = toQuestion(SETTINGS, "chat", [
  { role: "user", text: 'It\'s $HOME `x` "y"\n\\z', images: [] },
]);

it.each(["chat", "messages", "responses"] as const)(
  "writes a curl command that a shell reads back to the same request (%s)",
  (protocol) => {
    const question = { ...QUESTION, protocol };
    const script = toCurl(question, "http://127.0.0.1:8080").replace(/^.*?-d /s, "printf %s ");
    const read: unknown = JSON.parse(execFileSync("sh", ["-c", script], { encoding: "utf8" }));
    expect(read).toEqual(WIRES[protocol].body(question));
    expect(toCurl(question, "http://x")).toContain('"Authorization: Bearer $WEIR_API_KEY"');
  },
);

it("writes the request for the packages of OpenAI and of Anthropic", () => {
  const code = toCode("openai", QUESTION, "http://127.0.0.1:8080");
  expect(code).toContain('baseURL: "http://127.0.0.1:8080/v1"');
  expect(code).toContain('"seed": 7');
  expect(toCode("openai", { ...QUESTION, protocol: "responses" }, "http://x")).toContain(
    "client.responses.create(",
  );
  const anthropic = toCode("anthropic", QUESTION, "http://x");
  expect(anthropic).toContain('baseURL: "http://x"');
  expect(anthropic).toContain('"max_tokens": 1024');
});

it("shows an image's bytes shortened", () => {
  const code = `url: "data:image/png;base64,${"A".repeat(5000)}=="`;
  expect(withoutImages(code)).toBe(`url: "data:image/png;base64,${"A".repeat(24)}…"`);
});

it("says which numbers a field takes", () => {
  expect(problemOf("temperature", "")).toBeNull();
  expect(problemOf("temperature", "0.7")).toBeNull();
  expect(problemOf("temperature", "3")).toBe("A number from 0 to 2");
  expect(problemOf("maxTokens", "1.5")).toBe("A whole number from 1 to 1,000,000");
  expect(problemOf("seed", "abc")).not.toBeNull();
});
