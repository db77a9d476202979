import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { NO_SETTINGS, problemOf, toBody } from "./chat-body.ts";
import { toCurl, toTypeScript } from "./snippets.ts";

const SETTINGS = {
  ...NO_SETTINGS,
  model: "chat",
  system: " Be brief. ",
  temperature: "0.5",
  seed: "7",
};
const BODY = toBody(SETTINGS, [{ role: "user", content: 'It\'s $HOME `x` "y"\n\\z' }]);

it("sends only what was filled in", () => {
  expect(BODY).toEqual({
    model: "chat",
    messages: [{ role: "system", content: "Be brief." }, expect.anything()],
    temperature: 0.5,
    seed: 7,
    stream: true,
    stream_options: { include_usage: true },
  });
  const json = toBody({ ...NO_SETTINGS, json: true, topP: "1", maxTokens: "64" }, []);
  expect(json).toMatchObject({
    top_p: 1,
    max_tokens: 64,
    response_format: { type: "json_object" },
  });
});

it("writes a curl command that a shell reads back to the same request", () => {
  const script = toCurl(BODY, "http://127.0.0.1:8080").replace(/^.*-d /s, "printf %s ");
  expect(JSON.parse(execFileSync("sh", ["-c", script], { encoding: "utf8" }))).toEqual(BODY);
  expect(toCurl(BODY, "http://x")).toContain('"Authorization: Bearer $WEIR_API_KEY"');
});

it("writes the request for the openai package", () => {
  const code = toTypeScript(BODY, "http://127.0.0.1:8080");
  expect(code).toContain('baseURL: "http://127.0.0.1:8080/v1"');
  expect(code).toContain('"seed": 7');
});

it("says which numbers a field takes", () => {
  expect(problemOf("temperature", "")).toBeNull();
  expect(problemOf("temperature", "0.7")).toBeNull();
  expect(problemOf("temperature", "3")).toBe("A number from 0 to 2");
  expect(problemOf("maxTokens", "1.5")).toBe("A whole number from 1 to 1,000,000");
  expect(problemOf("seed", "abc")).not.toBeNull();
});
