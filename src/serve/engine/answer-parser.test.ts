import { expect, it } from "vitest";
import type { ChatEvent } from "../../core/chat.ts";
import { AnswerParser } from "./answer-parser.ts";

const TOOLS = [
  { name: "weather", parameters: { properties: { city: { type: "string" }, days: {} } } },
  { name: "time" },
];

/** What came out: `think:…`, `text:…`, `call:name args`, `end:reason`. */
function read(pieces: readonly string[], options: { opened?: boolean; tools?: boolean } = {}) {
  let count = 0;
  const parser = new AnswerParser({
    tools: options.tools === false ? [] : TOOLS,
    thinks: true,
    startsThinking: options.opened ?? false,
    newCallId: () => `call_${count++}`,
  });
  const events = pieces.flatMap((text) => parser.push([{ type: "text-delta", index: 0, text }]));
  events.push(...parser.push([{ type: "finish", index: 0, reason: "stop" }]));
  return summary(events);
}

function summary(events: readonly ChatEvent[]): string[] {
  const result: string[] = [];
  for (const event of events) {
    const said =
      event.type === "text-delta"
        ? `text:${event.text}`
        : event.type === "reasoning-delta"
          ? `think:${event.text}`
          : event.type === "tool-call-delta"
            ? `call:${event.call} ${event.id} ${event.name} ${event.arguments}`
            : event.type === "finish"
              ? `end:${event.reason}`
              : event.type;
    const last = result.at(-1);
    const kind = said.slice(0, said.indexOf(":") + 1);
    // Pieces of one text are one text.
    if ((kind === "text:" || kind === "think:") && last?.startsWith(kind))
      result[result.length - 1] = last + said.slice(kind.length);
    else result.push(said);
  }
  return result;
}

const CALL = '<tool_call>\n{"name": "weather", "arguments": {"city": "Zürich ☕"}}\n</tool_call>';
const CALLED = 'weather {"city":"Zürich ☕"}';

const CASES: [string, string, string[]][] = [
  ["plain text", "Hello <b>you</b>, 1 < 2", ["text:Hello <b>you</b>, 1 < 2", "end:stop"]],
  ["a thought", "<think>\nso\n</think>\n\nHello", ["think:\nso\n", "text:Hello", "end:stop"]],
  ["a call in tags", CALL, [`call:0 call_0 ${CALLED}`, "end:tool_calls"]],
  [
    "text, then two calls",
    `Let me see.\n${CALL}\n<tool_call>{"name":"time","arguments":{}}</tool_call>`,
    ["text:Let me see.", `call:0 call_0 ${CALLED}`, "call:1 call_1 time {}", "end:tool_calls"],
  ],
  [
    "a thought, then a call",
    `<think>hm</think>${CALL}`,
    ["think:hm", `call:0 call_0 ${CALLED}`, "end:tool_calls"],
  ],
  [
    "a call that is one JSON object",
    '{"name": "weather", "parameters": {"city": "Ulm"}}',
    ['call:0 call_0 weather {"city":"Ulm"}', "end:tool_calls"],
  ],
  [
    "calls in a JSON array",
    ' [{"name":"time","arguments":{}},{"name":"weather","arguments":{"city":"Ulm"}}]',
    ["call:0 call_0 time {}", 'call:1 call_1 weather {"city":"Ulm"}', "end:tool_calls"],
  ],
  [
    "Qwen Coder's form",
    "<tool_call>\n<function=weather>\n<parameter=city>\n42\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>",
    ['call:0 call_0 weather {"city":"42","days":3}', "end:tool_calls"],
  ],
  ["JSON that is an answer", '{"name": "Ann"}', ['text:{"name": "Ann"}', "end:stop"]],
  ["broken JSON", '{"name": "weather", ', ['text:{"name": "weather", ', "end:stop"]],
  [
    "a call of what was not offered",
    '<tool_call>{"name":"rm","arguments":{}}</tool_call>',
    ['text:<tool_call>{"name":"rm","arguments":{}}</tool_call>', "end:stop"],
  ],
  ["a tag that is none", "a <tool_cal, b", ["text:a <tool_cal, b", "end:stop"]],
  ["a tag cut off at the end", "a <tool_", ["text:a <tool_", "end:stop"]],
];

it.each(CASES)("reads %s, however it is cut", (_name, text, expected) => {
  expect(read([text])).toEqual(expected);
  expect(read(Array.from(text))).toEqual(expected);
  for (let at = 1; at < text.length; at++) {
    expect(read([text.slice(0, at), text.slice(at)])).toEqual(expected);
  }
});

it("begins inside a thought where the prompt did", () => {
  const expected = ["think:so\n", "text:Hello", "end:stop"];
  expect(read(["so\n</think>\nHello"], { opened: true })).toEqual(expected);
  expect(read(Array.from("so\n</think>\nHello"), { opened: true })).toEqual(expected);
});

it("takes nothing for a call where no tools were offered, and keeps untouched text's logprobs", () => {
  expect(read([CALL], { tools: false })).toEqual([`text:${CALL}`, "end:stop"]);
  const parser = new AnswerParser({
    tools: TOOLS,
    thinks: false,
    startsThinking: false,
    newCallId: () => "c",
  });
  parser.push([{ type: "text-delta", index: 0, text: "a" }]);
  const delta = { type: "text-delta", index: 0, text: "b", logprobs: [] } as const;
  expect(parser.push([delta])).toEqual([delta]);
});
