import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What the bench's upstream answers: each vendor's shape, whole and as a stream of 64 tokens. */

export const STREAM_TOKENS = 64;
/** About 600 bytes whole, as a short answer is. */
const TEXT = "Look at the queue before the model. ".repeat(9);
const WORDS = Array.from({ length: STREAM_TOKENS }, (_, index) => `word${index} `);

const head = { id: "chatcmpl-1", created: 1_700_000_000, model: "up" };
const usage = { prompt_tokens: 48, completion_tokens: STREAM_TOKENS, total_tokens: 112 };

const CHAT = {
  ...head,
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: TEXT }, finish_reason: "stop" }],
  usage,
};

export function chatChunk(delta: unknown, finish: string | null = null): unknown {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return { ...head, object: "chat.completion.chunk", choices };
}

const CHAT_STREAM = [
  chatChunk({ role: "assistant", content: "" }),
  ...WORDS.map((content) => chatChunk({ content })),
  chatChunk({}, "stop"),
  { ...head, object: "chat.completion.chunk", choices: [], usage },
];

const messageHead = { id: "msg_1", type: "message", role: "assistant", model: "up" };
const MESSAGE = {
  ...messageHead,
  content: [{ type: "text", text: TEXT }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 48, output_tokens: STREAM_TOKENS },
};
const MESSAGE_STREAM = [
  {
    type: "message_start",
    message: { ...messageHead, content: [], usage: { input_tokens: 48, output_tokens: 1 } },
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  ...WORDS.map((text) => ({
    type: "content_block_delta",
    index: 0,
    delta: { type: "text_delta", text },
  })),
  { type: "content_block_stop", index: 0 },
  {
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: STREAM_TOKENS },
  },
  { type: "message_stop" },
];

const counted = { promptTokenCount: 48, candidatesTokenCount: STREAM_TOKENS, totalTokenCount: 112 };
const candidate = (text: string, finishReason?: string) => ({
  candidates: [{ index: 0, content: { role: "model", parts: [{ text }] }, finishReason }],
  usageMetadata: counted,
  modelVersion: "up",
});
const GEMINI = candidate(TEXT, "STOP");
const GEMINI_STREAM = [...WORDS.map((text) => candidate(text)), candidate("", "STOP")];

type Events = readonly { readonly type?: string }[];

const sse = (events: readonly unknown[]) =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
const named = (events: Events) =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");

const ANSWERS: readonly [path: string, type: string, text: string][] = [
  ["/v1/chat/completions", "application/json", JSON.stringify(CHAT)],
  ["/v1/messages", "application/json", JSON.stringify(MESSAGE)],
  ["/v1beta/models/up:generateContent", "application/json", JSON.stringify(GEMINI)],
  ["/stream/v1/chat/completions", "text/event-stream", `${sse(CHAT_STREAM)}data: [DONE]\n\n`],
  ["/stream/v1/messages", "text/event-stream", named(MESSAGE_STREAM)],
  ["/stream/v1beta/models/up:streamGenerateContent", "text/event-stream", sse(GEMINI_STREAM)],
];

/**
 * Writes the answers into a folder and gives the nginx locations that serve them. nginx answers a
 * POST to a file with 405: that page is replaced by the file itself.
 */
export function upstreamLocations(folder: string): string {
  const locations = ANSWERS.map(([path, type, text], index) => {
    const file = join(folder, `answer-${index}`);
    writeFileSync(file, text);
    return `location = ${path} { default_type ${type}; alias ${file}; error_page 405 =200 $uri; }`;
  });
  return [...locations, "location / { return 200 '{}'; }"].join("\n");
}
