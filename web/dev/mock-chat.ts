import { setTimeout as wait } from "node:timers/promises";
import { asNumber, asText, at, isRecord } from "../src/api/json.ts";
import { Refusal, type Call } from "./mock-route.ts";

/** What the mock says, before a protocol writes it down. */
interface Speech {
  readonly thoughts: readonly string[];
  readonly words: readonly string[];
  readonly call: { readonly name: string; readonly arguments: string } | null;
}

const INPUT_TOKENS = 41;

const ANSWERS: Readonly<Record<string, string>> = {
  chat: "A weir holds the water back, measures it and lets it pass at an even level. When the river rises, watch three things: the level above the crest, how fast it changes, and whether debris blocks a gate.",
  "chat-large":
    "Because everything downstream depends on it: mills, locks and fish passes are built for one level. When the river rises, open the gates early and a little at a time. Watch the gauge upstream first; it tells you an hour ahead what the crest will see.",
  claude:
    "An even level keeps the flow predictable, so whoever draws from it can plan. On a rising river I would watch the rate of change rather than the level: a slow flood is routine, a fast one is not. Keep one gate in reserve for the surprise.",
};

/** A streamed answer in the format that was asked for. `break` in the prompt breaks it off. */
export async function answerChat({ url, body, response }: Call, traceId: string): Promise<void> {
  const asked: unknown = JSON.parse(body);
  const messages = at(asked, "messages") ?? at(asked, "input");
  const prompt = promptIn(messages);
  response.setHeader("x-weir-trace-id", traceId);
  if (/ignore all previous/i.test(prompt)) {
    throw new Refusal(
      403,
      "blocked_by_guard",
      "The prompt was refused: it looks like an instruction override (ignore instructions).",
    );
  }
  const model = asText(at(asked, "model")) ?? "";
  if (/fail/i.test(prompt) && model === "claude") {
    throw new Refusal(502, "provider_failed", "anthropic answered 529: Overloaded");
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  await wait(model === "chat" ? 90 : 260);
  const write = url.pathname.endsWith("/messages")
    ? inMessages
    : url.pathname.endsWith("/responses")
      ? inResponses
      : inChat;
  let made = 0;
  for (const data of write(speak(model, prompt, asked))) {
    if (response.destroyed) return;
    if (/break/i.test(prompt) && made === 12) return void response.end();
    response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
    made += 1;
    await wait(model === "chat" ? 12 : 25);
  }
  response.end();
}

function promptIn(messages: unknown): string {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  return JSON.stringify(at(last, "content") ?? at(last, "output") ?? "");
}

function speak(model: string, prompt: string, asked: unknown): Speech {
  const schema =
    at(asked, "response_format", "json_schema") ??
    at(asked, "output_config", "format", "schema") ??
    at(asked, "text", "format", "schema");
  const tool = at(asked, "tools", 0);
  const name = asText(at(tool, "name")) ?? asText(at(tool, "function", "name"));
  const isResult = /tool_result|call_id|407/.test(JSON.stringify(asked).slice(-400));
  const thoughts = model === "claude" ? ["The question ", "is about ", "rivers."] : [];
  if (name !== null && !isResult) {
    return { thoughts, words: [], call: { name, arguments: '{"gauge":"Zürich","day":"today"}' } };
  }
  const limit =
    asNumber(at(asked, "max_tokens")) ?? asNumber(at(asked, "max_output_tokens")) ?? 200;
  const text = isRecord(schema)
    ? '{"title": "A weir", "points": ["holds water back", "measures it"], "confidence": 0.9}'
    : isResult
      ? `The gauge reads 407 centimetres: ${model} would keep one gate in reserve.`
      : (ANSWERS[model] ?? `You asked ${model}: ${prompt.slice(0, 60)}.`);
  return { thoughts, words: (text.match(/\S+\s*/g) ?? []).slice(0, limit), call: null };
}

function* inChat({ thoughts, words, call }: Speech): Generator {
  const delta = (fields: unknown, reason: string | null = null) => ({
    choices: [{ index: 0, delta: fields, finish_reason: reason }],
  });
  for (const text of thoughts) yield delta({ reasoning_content: text });
  for (const text of words) yield delta({ content: text });
  if (call) yield delta({ tool_calls: [{ index: 0, id: "call_1", function: call }] });
  yield delta({}, call ? "tool_calls" : "stop");
  yield {
    choices: [],
    usage: {
      prompt_tokens: INPUT_TOKENS,
      completion_tokens: words.length + 6,
      prompt_tokens_details: { cached_tokens: 24 },
    },
  };
  yield "[DONE]";
}

function* inMessages({ thoughts, words, call }: Speech): Generator {
  const delta = (fields: unknown) => ({ type: "content_block_delta", index: 0, delta: fields });
  yield { type: "message_start", message: { usage: { input_tokens: INPUT_TOKENS } } };
  for (const thinking of thoughts) yield delta({ type: "thinking_delta", thinking });
  for (const text of words) yield delta({ type: "text_delta", text });
  if (call) {
    const block = { type: "tool_use", id: "toolu_1", name: call.name, input: {} };
    yield { type: "content_block_start", index: 1, content_block: block };
    const typed = { type: "input_json_delta", partial_json: call.arguments };
    yield { type: "content_block_delta", index: 1, delta: typed };
  }
  yield {
    type: "message_delta",
    delta: { stop_reason: call ? "tool_use" : "end_turn" },
    usage: { output_tokens: words.length + 6 },
  };
  yield { type: "message_stop" };
}

function* inResponses({ thoughts, words, call }: Speech): Generator {
  for (const text of thoughts) yield { type: "response.reasoning_summary_text.delta", delta: text };
  for (const text of words) yield { type: "response.output_text.delta", delta: text };
  if (call) {
    const item = { type: "function_call", call_id: "call_1", name: call.name, arguments: "" };
    yield { type: "response.output_item.added", output_index: 1, item };
    yield {
      type: "response.function_call_arguments.delta",
      output_index: 1,
      delta: call.arguments,
    };
  }
  const usage = { input_tokens: INPUT_TOKENS, output_tokens: words.length + 6 };
  yield { type: "response.completed", response: { status: "completed", usage } };
}
