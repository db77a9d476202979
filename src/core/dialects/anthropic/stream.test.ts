import { describe, expect, it } from "vitest";
import type { ChatEvent, Frame } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { createSseParser } from "../../sse.ts";
import { framed } from "../relay.ts";
import { anthropicMessages } from "./protocol.ts";

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- the wire's shape is what is tested

const HEAD = { id: "msg_1", created: 0, model: "asked" };
const USAGE = { inputTokens: 10, outputTokens: 5, cachedTokens: 3, cacheWriteTokens: 2 };
const REQUEST = anthropicMessages.request({
  model: "asked",
  max_tokens: 1,
  messages: [{ role: "user", content: "" }],
});

const text = (text: string): ChatEvent => ({ type: "text-delta", index: 0, text });
const think = (text: string, more: object = {}): ChatEvent => ({
  type: "reasoning-delta",
  index: 0,
  text,
  ...more,
});
const call = (call: number, args: string, more: object = {}): ChatEvent => ({
  type: "tool-call-delta",
  index: 0,
  call,
  arguments: args,
  ...more,
});
const finish = (reason: "stop" | "length" | "tool_calls" | "content_filter"): ChatEvent => ({
  type: "finish",
  index: 0,
  reason,
});

function parse(wire: string): Json[] {
  const values: Json[] = [];
  const parser = createSseParser(({ event, data }) => {
    const value = JSON.parse(data) as Json;
    expect(event).toBe(value["type"]);
    values.push(value);
  });
  parser.push(wire);
  expect(parser.pending).toBe(false);
  return values;
}

function must(holds: boolean): void {
  if (!holds) throw new Error("the blocks are out of order");
}

/** Reads the stream as a client does, and checks that no two blocks are open at once. */
function fold(values: readonly Json[]): Json {
  let message: Json = {};
  let open = -1;
  const json = new Map<number, string>();
  for (const value of values) {
    const block = message["content"]?.[open] as Json;
    if (value["type"] === "message_start") message = structuredClone(value["message"]);
    else if (value["type"] === "content_block_start") {
      must(open === -1);
      must(value["index"] === message["content"].length);
      open = value["index"];
      message["content"].push(structuredClone(value["content_block"]));
    } else if (value["type"] === "content_block_stop") {
      must(value["index"] === open);
      if (json.has(open)) block["input"] = JSON.parse(json.get(open) ?? "");
      open = -1;
    } else if (value["type"] === "content_block_delta") {
      must(value["index"] === open);
      const { delta } = value;
      if (delta.type === "text_delta") block["text"] += delta.text;
      if (delta.type === "thinking_delta") block["thinking"] += delta.thinking;
      if (delta.type === "signature_delta") block["signature"] = delta.signature;
      if (delta.type === "input_json_delta") {
        json.set(open, (json.get(open) ?? "") + delta.partial_json);
      }
    } else if (value["type"] === "message_delta") {
      must(open === -1);
      Object.assign(message, value["delta"]);
      Object.assign(message["usage"], value["usage"]);
    }
  }
  return message;
}

function stream(batches: readonly (readonly ChatEvent[])[]): Json[] {
  const writer = anthropicMessages.stream(HEAD, REQUEST);
  return parse(batches.map((batch) => writer.events(batch)).join("") + writer.end(USAGE));
}

const tool = (id: string, name: string, input: unknown) => ({ type: "tool_use", id, name, input });
const said = (text: string) => ({ type: "text", text });
const F = { id: "a", name: "f" };
const G = { id: "b", name: "g" };

const CASES: [string, ChatEvent[], unknown[], string][] = [
  ["nothing", [], [], "end_turn"],
  ["a text", [text("He"), text(""), text("llo"), finish("stop")], [said("Hello")], "end_turn"],
  ["a cut text", [text("He"), finish("length")], [said("He")], "max_tokens"],
  ["a filtered text", [finish("content_filter")], [], "refusal"],
  [
    "a refusal",
    [{ type: "refusal-delta", index: 0, text: "No." }, finish("stop")],
    [said("No.")],
    "refusal",
  ],
  [
    "a text that a stop text ended",
    [text("a"), { type: "finish", index: 0, reason: "stop", stopText: "X" }],
    [said("a")],
    "stop_sequence",
  ],
  [
    "thoughts, hidden thoughts and a text",
    [
      think("h"),
      think("m"),
      think("", { signature: "s" }),
      think("", { part: 1, redacted: "xx" }),
      think("so", { part: 2 }),
      text("Hi"),
      finish("stop"),
    ],
    [
      { type: "thinking", thinking: "hm", signature: "s" },
      { type: "redacted_thinking", data: "xx" },
      { type: "thinking", thinking: "so", signature: "" },
      said("Hi"),
    ],
    "end_turn",
  ],
  [
    "calls after a text, from an upstream that says stop",
    [text("Hi"), call(0, '{"a":', F), call(0, "1}"), call(1, "{}", G), finish("stop")],
    [said("Hi"), tool("a", "f", { a: 1 }), tool("b", "g", {})],
    "tool_use",
  ],
  [
    "a call without arguments",
    [call(0, "", F), call(1, "", G), finish("tool_calls")],
    [tool("a", "f", {}), tool("b", "g", {})],
    "tool_use",
  ],
  [
    "a call with a signature",
    [call(0, "{}", { ...F, signature: "s" }), finish("tool_calls")],
    [{ ...tool("a", "f", {}), signature: "s" }],
    "tool_use",
  ],
  [
    "a text in the middle of a call",
    [call(0, '{"a"', F), text("Hi"), call(0, ":1}"), text(" you"), finish("tool_calls")],
    [tool("a", "f", { a: 1 }), said("Hi you")],
    "tool_use",
  ],
  [
    "three interleaved calls",
    [
      call(0, '{"a":"}', F),
      call(1, '{"b"', G),
      call(2, "", { id: "c", name: "h" }),
      call(1, ":[2]}"),
      call(2, "{}"),
      call(0, '"}'),
      call(2, " "),
      finish("tool_calls"),
    ],
    [tool("a", "f", { a: "}" }), tool("b", "g", { b: [2] }), tool("c", "h", {})],
    "tool_use",
  ],
];

describe("Anthropic's stream", () => {
  it.each(CASES)("writes %s", (_, events, content, reason) => {
    const one = fold(stream(events.map((event) => [event])));
    expect(one).toMatchObject({ id: "msg_1", model: "asked", content, stop_reason: reason });
    expect(one["content"]).toHaveLength(content.length);
    expect(fold(stream([events]))).toEqual(one);
  });

  it.each(CASES)("says the same as a whole answer: %s", (_, events, content, reason) => {
    const whole = JSON.parse(anthropicMessages.whole(HEAD, events, USAGE)) as Json;
    expect(whole["stop_reason"]).toBe(reason);
    expect(whole["usage"]).toEqual({
      input_tokens: 5,
      cache_creation_input_tokens: 2,
      cache_read_input_tokens: 3,
      output_tokens: 5,
    });
    const sorted = (blocks: readonly unknown[]) =>
      blocks.map((block) => JSON.stringify(block, null, 1)).sort();
    expect(sorted(whole["content"])).toEqual(sorted(content));
  });

  it("gives interleaved calls in order, wherever their arguments are cut", () => {
    const [a, b] = ['{"x":"\\"}{"}', '{"y":{"z":[1,2]}}'];
    for (let i = 0; i <= a.length; i += 1) {
      for (let j = 0; j <= b.length; j += 1) {
        const events = [
          call(0, a.slice(0, i), F),
          call(1, b.slice(0, j), G),
          call(0, a.slice(i)),
          call(1, b.slice(j)),
          finish("tool_calls"),
        ];
        const { content } = fold(stream(events.map((event) => [event])));
        expect(content).toEqual([
          tool("a", "f", { x: '"}{' }),
          tool("b", "g", { y: { z: [1, 2] } }),
        ]);
      }
    }
  });

  it("keeps its blocks apart, in whatever order the pieces come", () => {
    let state = 1;
    const below = (limit: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 0x80000000;
      return Math.floor(state / 65_536) % limit;
    };
    const inputs = ['{"a":"}{\\""}', "{}", "", '{"b":[1,{}]}'];
    for (let round = 0; round < 500; round += 1) {
      const rests = new Map<number, string>();
      const events = Array.from({ length: below(25) }, (): ChatEvent => {
        const kind = below(4);
        if (kind === 0) return text("t");
        if (kind === 1) return think("h", { part: round % 2 });
        const at = below(inputs.length);
        const rest = rests.get(at) ?? inputs[at] ?? "";
        const size = below(5);
        const isNew = !rests.has(at);
        rests.set(at, rest.slice(size));
        return call(at, rest.slice(0, size), isNew ? { id: `id${at}`, name: "f" } : {});
      });
      for (const [at, rest] of rests) events.push(call(at, rest));
      const message = fold(stream(events.map((event) => [event])));
      const blocks = message["content"] as Json[];
      const count = (type: string) => events.filter((event) => event.type === type).length;
      expect(blocks.map((block) => block["text"] ?? "").join("")).toBe(
        "t".repeat(count("text-delta")),
      );
      expect(blocks.map((block) => block["thinking"] ?? "").join("")).toBe(
        "h".repeat(count("reasoning-delta")),
      );
      const calls = blocks.filter((block) => block["type"] === "tool_use");
      expect(new Map(calls.map(({ id, input }) => [id, input]))).toEqual(
        new Map([...rests.keys()].map((at) => [`id${at}`, JSON.parse(inputs[at] || "{}")])),
      );
    }
  });

  it("says once more at the end what was used", () => {
    const values = stream([[text("Hi"), finish("stop")]]);
    expect(values[0]?.["message"].usage.input_tokens).toBe(0);
    expect(values.at(-2)?.["usage"]).toMatchObject({ input_tokens: 5, output_tokens: 5 });
    expect(values.at(-1)).toEqual({ type: "message_stop" });
  });

  it("names every event in order", () => {
    const types = stream([[text("Hi"), finish("stop")]]).map((value) => value["type"]);
    expect(types).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
  });

  it("tells a failure", () => {
    const writer = anthropicMessages.stream(HEAD, REQUEST);
    const wire = writer.fail(new WeirError("model_unavailable", "Gone."), "req_1");
    expect(parse(wire)).toEqual([
      {
        type: "error",
        error: { type: "overloaded_error", message: "Gone." },
        request_id: "req_1",
      },
    ]);
  });

  it.each([
    ["unsupported_parameter", "invalid_request_error"],
    ["unauthorized", "authentication_error"],
    ["forbidden", "permission_error"],
    ["blocked_by_guard", "invalid_request_error"],
    ["model_not_found", "not_found_error"],
    ["request_too_large", "request_too_large"],
    ["budget_exceeded", "rate_limit_error"],
    ["engine_busy", "overloaded_error"],
    ["provider_failed", "api_error"],
    ["provider_timed_out", "timeout_error"],
  ] as const)("calls %s %s", (code, type) => {
    const wire = anthropicMessages.error(new WeirError(code, "Said."));
    expect(JSON.parse(wire)).toEqual({ type: "error", error: { type, message: "Said." } });
  });

  it("keeps broken arguments in a whole answer", () => {
    const events = [call(0, '{"a":', F), finish("length")];
    const whole = JSON.parse(anthropicMessages.whole(HEAD, events, USAGE)) as Json;
    expect(whole["content"][0].input).toEqual({ INVALID_JSON: '{"a":' });
  });
});

function frames(...pieces: [Json, ...ChatEvent[]][]): ChatEvent[][] {
  return pieces.map(([value, ...events]) => {
    const frame: Omit<Frame, "size"> = {
      dialect: "anthropic-messages",
      name: value["type"],
      json: JSON.stringify(value),
      value,
    };
    return [...framed(events, frame)];
  });
}

const delta = (index: number, delta: object): Json => ({
  type: "content_block_delta",
  index,
  delta,
});
const start = (index: number, block: object): Json => ({
  type: "content_block_start",
  index,
  content_block: block,
});
const stop = (index: number): Json => ({ type: "content_block_stop", index });
const RELAYED = frames(
  [{ type: "message_start", message: { id: "up", model: "real", content: [], usage: { x: 1 } } }],
  [start(0, { type: "thinking", thinking: "", signature: "" })],
  [delta(0, { type: "thinking_delta", thinking: "hm" }), think("hm")],
  [delta(0, { type: "signature_delta", signature: "s" }), think("", { signature: "s" })],
  [stop(0)],
  [start(1, { type: "server_tool_use", id: "s1" })],
  [stop(1)],
  [start(2, { type: "text", text: "", citations: [] })],
  [delta(2, { type: "text_delta", text: "my " }), text("my ")],
  [delta(2, { type: "text_delta", text: "secret" }), text("secret")],
  [delta(2, { type: "citations_delta", citation: {} })],
  [stop(2)],
  [start(3, tool("a", "f", {})), call(0, "", F)],
  [delta(3, { type: "input_json_delta", partial_json: '{"a":1}' }), call(0, '{"a":1}')],
  [stop(3)],
  [
    {
      type: "message_delta",
      delta: { stop_reason: "tool_use", z: 1 },
      usage: { output_tokens: 7 },
    },
    finish("tool_calls"),
    { type: "usage", usage: USAGE },
  ],
  [{ type: "message_stop" }],
);
const bare = (event: ChatEvent): ChatEvent => {
  const { frame: _, ...rest } = event;
  return rest as ChatEvent;
};

describe("a stream from Anthropic to a client of Anthropic's", () => {
  it("is relayed as it came, but for the model's name", () => {
    const expected = RELAYED.map(([event]) => structuredClone(event?.frame?.value) as Json);
    if (expected[0]) expected[0]["message"].model = "asked";
    expect(stream(RELAYED)).toEqual(expected);
    expect(stream([RELAYED.flat()])).toEqual(expected);
  });

  it("gets a changed delta at the same index", () => {
    const changed = RELAYED.map((batch, at) => (at === 9 ? [text("[gone]")] : batch));
    const values = stream(changed);
    expect(values[9]).toEqual(delta(2, { type: "text_delta", text: "[gone]" }));
    expect(fold(values)["content"]).toHaveLength(4);
  });

  it.each(RELAYED.map((_, at) => at))("stays in order when event %i was changed", (at) => {
    const changed = RELAYED.map((batch, other) =>
      other === at ? batch.filter(({ type }) => type !== "frame").map(bare) : batch,
    );
    const message = fold(stream(changed));
    expect(message["stop_reason"]).toBe("tool_use");
    expect(message["content"].at(-1)).toMatchObject(tool("a", "f", { a: 1 }));
  });

  it("stays in order when a held text comes after its block", () => {
    const late = RELAYED.flatMap((batch, at) =>
      at === 9 ? [] : at === 11 ? [batch, [text("late")]] : [batch],
    );
    const { content } = fold(stream(late));
    expect(content.map((block: Json) => block["type"])).toEqual([
      "thinking",
      "server_tool_use",
      "text",
      "text",
      "tool_use",
    ]);
  });

  it("relays a whole answer", () => {
    const value = {
      id: "up",
      model: "real",
      content: [{ type: "new" }],
      stop_reason: "pause_turn",
    };
    const events = framed([text("a"), finish("stop")], {
      dialect: "anthropic-messages",
      name: "",
      json: JSON.stringify(value),
      value,
    });
    expect(JSON.parse(anthropicMessages.whole(HEAD, events, USAGE))).toEqual({
      ...value,
      model: "asked",
    });
  });
});
