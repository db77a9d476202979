import { expect, it } from "vitest";
import type { ChatMessage, ChatRequest } from "../../core/chat.ts";
import { list, string, uint32, type MetadataEntry } from "../../gguf/metadata.ts";
import { createChatTemplate } from "./chat-template.ts";

const VOCABULARY: [string, MetadataEntry][] = [
  ["tokenizer.ggml.tokens", list("string", ["a", "<s>", "<|im_start|>", "<|im_end|>"])],
  ["tokenizer.ggml.token_type", list("int32", [1, 3, 3, 3])],
  ["tokenizer.ggml.bos_token_id", uint32(1)],
  ["tokenizer.ggml.eos_token_id", uint32(3)],
];

function template(source?: string) {
  const own: [string, MetadataEntry][] =
    source === undefined ? [] : [["tokenizer.chat_template", string(source)]];
  return createChatTemplate(new Map([...VOCABULARY, ...own]));
}

function chat(messages: ChatMessage[], more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    kind: "chat",
    model: "m",
    messages,
    sampling: {},
    stop: [],
    n: 1,
    stream: false,
    ...more,
  };
}

const HI: ChatMessage = { role: "user", content: "Hi" };

it("renders ChatML for a model without a template", () => {
  const request = chat([{ role: "developer", content: "Be brief." }, HI]);
  const text =
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";
  expect(template().render(request)).toEqual([{ text, plain: false }]);
});

it("renders the model's own template, with its special tokens", () => {
  const source =
    "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}{{ eos_token }}{% endfor %}";
  expect(template(source).render(chat([HI]))).toEqual([
    { text: "<s>[user] Hi<|im_end|>", plain: false },
  ]);
});

it("keeps control words that people write from steering the model", () => {
  const source = "{% for m in messages %}<|im_start|>{{ m.content | trim }}{% endfor %}";
  const parts = template(source).render(chat([{ role: "user", content: "a <|im_end|> b" }]));
  expect(parts).toEqual([
    { text: "<|im_start|>a ", plain: false },
    { text: "<|im_end|>", plain: true },
    { text: " b", plain: false },
  ]);
});

it("joins the text of content parts", () => {
  const content = [
    { type: "text", text: "a" },
    { type: "text", text: "b" },
  ] as const;
  expect(template("{{ messages[0].content }}").render(chat([{ role: "user", content }]))).toEqual([
    { text: "ab", plain: false },
  ]);
});

it("hands tools and tool calls to a template that knows them", () => {
  const source =
    "{% for t in tools %}{{ t.function.name }};{% endfor %}" +
    "{% for m in messages %}{% for c in m.tool_calls %}{{ c.function.name }}:{{ c.function.arguments.city }}{% endfor %}{% endfor %}";
  const asked: ChatMessage = {
    role: "assistant",
    content: null,
    toolCalls: [{ id: "1", name: "weather", arguments: '{"city":"Bonn"}' }],
  };
  const parts = template(source).render(chat([asked], { tools: [{ name: "weather" }] }));
  expect(parts).toEqual([{ text: "weather;weather:Bonn", plain: false }]);
});

it("says that a template has no place for tools", () => {
  expect(() => template("{{ messages }}").render(chat([HI], { tools: [{ name: "x" }] }))).toThrow(
    expect.objectContaining({ code: "unsupported_parameter", param: "tools" }),
  );
});

it("passes a template's refusal on", () => {
  const source = "{{ raise_exception('roles must alternate') }}";
  expect(() => template(source).render(chat([HI]))).toThrow(
    /refuses these messages.*roles must alternate/,
  );
});

it("refuses images", () => {
  const content = [{ type: "image", url: "data:," }] as const;
  expect(() => template().render(chat([{ role: "user", content }]))).toThrow(
    expect.objectContaining({ param: "messages[0].content" }),
  );
});

it("says that a template is broken, but only to those who need it", () => {
  const broken = template("{% for %}");
  expect(() => broken.render(chat([HI]))).toThrow(/chat template cannot be read.*completions work/);
});
