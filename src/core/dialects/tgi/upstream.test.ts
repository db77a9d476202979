import { describe, expect, it } from "vitest";
import type { ChatEvent, CompletionRequest, GenerateRequest } from "../../chat.ts";
import { createSseParser, formatSse } from "../../sse.ts";
import { collect } from "../collect.ts";
import { tgiGenerateUpstream } from "./upstream.ts";

const BASE: CompletionRequest = {
  kind: "completion",
  model: "m",
  prompt: "Once",
  echo: false,
  sampling: {},
  stop: [],
  n: 1,
  stream: true,
};
const SCHEMA = { type: "object", properties: {} };
const parameters = (more: Partial<CompletionRequest>): unknown =>
  // As it goes over the wire: without what is undefined.
  JSON.parse(JSON.stringify(tgiGenerateUpstream.body({ ...BASE, ...more }).body["parameters"]));

const ALWAYS = { return_full_text: false, details: true, decoder_input_details: false };
const OPTIONS: [string, Partial<CompletionRequest>, object][] = [
  ["nothing more", {}, {}],
  [
    "sampling",
    {
      maxTokens: 7,
      stop: ["x"],
      sampling: {
        temperature: 0.5,
        topP: 0.9,
        topK: 3,
        seed: 4,
        repeatPenalty: 1.1,
        frequencyPenalty: 1,
      },
    },
    {
      max_new_tokens: 7,
      stop: ["x"],
      temperature: 0.5,
      do_sample: true,
      top_p: 0.9,
      top_k: 3,
      seed: 4,
      repetition_penalty: 1.1,
      frequency_penalty: 1,
    },
  ],
  ["the likeliest", { sampling: { temperature: 0, topP: 0.9, topK: 3 } }, {}],
  ["wishes that are none", { sampling: { topP: 1, topK: 0 } }, {}],
  ["logprobs", { topLogprobs: 2 }, { top_n_tokens: 2 }],
  ["logprobs alone", { topLogprobs: 0 }, {}],
  [
    "a schema",
    { responseFormat: { type: "json_schema", name: "n", schema: SCHEMA } },
    { grammar: { type: "json", value: SCHEMA } },
  ],
  [
    "JSON",
    { responseFormat: { type: "json_object" } },
    { grammar: { type: "json", value: { type: "object" } } },
  ],
  ["the prompt's end", { extra: { truncate: 100 } }, { truncate: 100 }],
];

describe("TGI as an upstream", () => {
  it("is asked by its own routes", () => {
    expect(tgiGenerateUpstream.path(BASE)).toBe("/generate_stream");
    expect(tgiGenerateUpstream.path({ ...BASE, stream: false })).toBe("/generate");
    expect(tgiGenerateUpstream.body(BASE).body["inputs"]).toBe("Once");
  });

  it.each(OPTIONS)("is asked for %s", (_, more, expected) => {
    expect(parameters(more)).toEqual({ ...ALWAYS, ...expected });
  });

  it.each([
    ["a logit bias", { sampling: { logitBias: { 1: 1 } } }, "logit_bias"],
    ["a grammar of llama-server's", { grammar: "x" }, "grammar"],
    ["a chat", { kind: "chat", messages: [] }, "messages"],
  ])("is not asked for %s", (_, more, param) => {
    expect(() => tgiGenerateUpstream.body({ ...BASE, ...more } as GenerateRequest)).toThrow(
      expect.objectContaining({ code: "unsupported_parameter", param }),
    );
  });

  it("tells what it drops", () => {
    const sampling = { minP: 0.1, presencePenalty: 1 };
    const request = { ...BASE, sampling, user: "u", extra: { suffix: "s", truncate: 1 } };
    expect(tgiGenerateUpstream.body(request).dropped).toEqual([
      "min_p",
      "presence_penalty",
      "user",
      "suffix",
    ]);
  });
});

const token = (text: string, more = {}) => ({
  id: 1,
  text,
  logprob: -0.5,
  special: false,
  ...more,
});
const details = (finish_reason: string) => ({
  finish_reason,
  generated_tokens: 4,
  seed: null,
  input_length: 3,
});
const stream = (finish: string, ...texts: string[]): object[] =>
  texts.map((text, at) => ({
    index: at + 1,
    token: token(text),
    generated_text: at === texts.length - 1 ? texts.join("") : null,
    details: at === texts.length - 1 ? details(finish) : null,
  }));
const wire = (values: readonly object[]): string =>
  `:\n\n${values.map((value) => formatSse(JSON.stringify(value))).join("")}`;

function read(slices: readonly string[], request: GenerateRequest = BASE): ChatEvent[] | "cut off" {
  const reader = tgiGenerateUpstream.reader(request);
  const events: ChatEvent[] = [];
  const parser = createSseParser(({ data }) => events.push(...reader.message(data, "")));
  for (const slice of slices) parser.push(slice);
  const end = reader.end();
  return end === false ? "cut off" : [...events, ...end];
}
const said = (events: ChatEvent[] | "cut off") =>
  events === "cut off" ? events : collect(events).choices[0];
const text = (text: string) => ({ type: "text-delta", index: 0, text });
const usage = { type: "usage", usage: { inputTokens: 3, outputTokens: 4 } };

describe("TGI's answers", () => {
  it("are read from a stream, wherever it is cut", () => {
    const values = [
      ...stream("", "up", "on é").map((value) => ({ ...value, details: null })),
      { index: 3, token: token("</s>", { special: true }), details: details("eos_token") },
    ];
    const all = wire(values);
    for (let at = 0; at <= all.length; at += 1) {
      expect(read([all.slice(0, at), all.slice(at)])).toEqual([
        text("up"),
        text("on é"),
        { type: "finish", index: 0, reason: "stop" },
        usage,
      ]);
    }
  });

  it("are incomplete without their details", () => {
    expect(read([wire(stream("length", "a", "b").slice(0, -1))])).toBe("cut off");
  });

  it("lose their stop text, wherever its tokens are cut", () => {
    const all = "one\nEN two\nEND";
    for (let i = 1; i < all.length; i += 1) {
      for (let j = i; j < all.length; j += 1) {
        const texts = [all.slice(0, i), all.slice(i, j), all.slice(j)];
        const events = read([wire(stream("stop_sequence", ...texts))], {
          ...BASE,
          stop: ["\nEND", "X"],
        });
        expect(said(events)).toMatchObject({
          text: "one\nEN two",
          finish: "stop",
          stopText: "\nEND",
        });
      }
    }
  });

  it("keep what only looked like a stop text", () => {
    const events = read([wire(stream("length", "a EN", "D"))], { ...BASE, stop: ["END"] });
    expect(said(events)).toMatchObject({ text: "a END", finish: "length", stopText: undefined });
  });

  it("go out at once where no stop text can begin", () => {
    const reader = tgiGenerateUpstream.reader({ ...BASE, stop: ["END"] });
    const message = (text: string) => reader.message(JSON.stringify({ token: token(text) }), "");
    expect(message("abc")).toEqual([text("abc")]);
    expect(message(" E")).toEqual([]);
    expect(message("x")).toEqual([text(" E"), text("x")]);
  });

  it("have logprobs on request", () => {
    const value = {
      token: token("é"),
      top_tokens: [token("e", { logprob: -1 })],
      details: details("length"),
    };
    const [event] = read([wire([value])], { ...BASE, topLogprobs: 1 });
    expect(event).toEqual({
      ...text("é"),
      logprobs: [
        {
          token: "é",
          logprob: -0.5,
          bytes: [195, 169],
          top: [{ token: "e", logprob: -1, bytes: [101] }],
        },
      ],
    });
  });

  it("repeat the prompt on request", () => {
    expect(said(read([wire(stream("length", " upon"))], { ...BASE, echo: true }))).toMatchObject({
      text: "Once upon",
    });
  });

  it("are read whole", () => {
    const value = {
      generated_text: "upon aEND",
      details: {
        ...details("stop_sequence"),
        tokens: [token("upon"), token(" aE"), token("ND"), token("</s>", { special: true })],
        top_tokens: [[], [token(" b")]],
      },
    };
    const request = { ...BASE, stop: ["END"] };
    const json = JSON.stringify(value);
    expect(tgiGenerateUpstream.reader(request).whole(json)).toEqual([
      text("upon a"),
      { type: "finish", index: 0, reason: "stop", stopText: "END" },
      usage,
    ]);
    const events = tgiGenerateUpstream.reader({ ...request, topLogprobs: 1 }).whole(json);
    expect(said([...events])).toMatchObject({
      text: "upon a",
      logprobs: [
        { token: "upon", top: [] },
        { token: " aE", top: [{ token: " b" }] },
      ],
    });
  });

  it.each([
    ["overloaded", "rate_limited"],
    ["generation", "provider_failed"],
    ["incomplete_generation", "provider_failed"],
    ["validation", "invalid_request"],
  ])("may hold an error: %s", (error_type, code) => {
    const data = JSON.stringify({ error: "said", error_type });
    const failure = expect.objectContaining({ code });
    expect(() => tgiGenerateUpstream.reader(BASE).message(data, "")).toThrow(failure);
    expect(() => tgiGenerateUpstream.reader(BASE).whole(data)).toThrow(failure);
  });
});
