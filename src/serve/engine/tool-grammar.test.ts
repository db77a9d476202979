import { expect, it } from "vitest";
import type { ChatRequest } from "../../core/chat.ts";
import { answerFormOf } from "./answer-form.ts";
import { toolGrammar } from "./tool-grammar.ts";

const ASK: ChatRequest = {
  kind: "chat",
  model: "m",
  messages: [],
  sampling: {},
  stop: [],
  n: 1,
  stream: false,
  tools: [
    {
      name: "a",
      parameters: {
        type: "object",
        properties: { x: { $ref: "#/$defs/X" } },
        $defs: { X: { type: "integer" } },
      },
    },
    { name: "b", parameters: { type: "object", properties: { y: { type: "string" } } } },
  ],
};
const TAGS = answerFormOf("{{ tools }} <tool_call></tool_call> <think></think>");

it("leaves the model its choice", () => {
  expect(toolGrammar(ASK, TAGS)).toBeUndefined();
  expect(toolGrammar({ ...ASK, toolChoice: "auto" }, TAGS)).toBeUndefined();
  expect(toolGrammar({ ...ASK, toolChoice: "none" }, TAGS)).toBeUndefined();
});

it("forces a call, in the model's own form", () => {
  const forced = toolGrammar({ ...ASK, toolChoice: "required" }, TAGS) ?? "";
  expect(forced).toMatch(/^root ::= "<tool_call>" "\\n" call "\\n" "<\/tool_call>" \(/);
  expect(forced).toMatch(/^call ::=/m);
  const named = toolGrammar({ ...ASK, toolChoice: { name: "b" } }, TAGS) ?? "";
  expect(named).toContain('\\"b\\"');
  expect(named).not.toContain('\\"a\\"');
  expect(named).not.toContain("{0,7}");
});

it("knows the forms of Mistral's and Llama's templates", () => {
  expect(answerFormOf("[TOOL_CALLS] {{ tools }}").calls).toBe("array");
  const llama = answerFormOf('Environment: ipython {"name": …, "parameters": …} {{ tools }}');
  expect(llama).toMatchObject({ calls: "object", argumentsName: "parameters", thinks: false });
  const forced = toolGrammar({ ...ASK, toolChoice: "required" }, llama) ?? "";
  expect(forced).toContain('\\"parameters\\"');
});
