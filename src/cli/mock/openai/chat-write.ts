import { type Ask, type Script, fragmentsOf, textOf } from "../brain.ts";
import { type Frame, type Json, type Reply, objectOf, ok, sse } from "../call.ts";
import type { Dialect } from "./dialect.ts";

const CREATED = 1_700_000_000;

/** One answer to write: the script in the vendor's dialect, for what was asked. */
export interface Answer {
  readonly dialect: Dialect;
  readonly body: Json;
  readonly ask: Ask;
  readonly script: Script;
  readonly isChat: boolean;
}

/** Writes an answer as the request wants it, whole or streamed. */
export function write(answer: Answer): Reply {
  const { dialect, body } = answer;
  if (body["stream"] !== true) return ok(whole(answer), dialect.headers);
  return {
    headers: { "cache-control": "no-cache", ...dialect.headers },
    format: {
      contentType: "text/event-stream; charset=utf-8",
      error: dialect.streamError,
      malformed: "data: {not json\n\n",
    },
    frames: chunks(answer),
  };
}

function whole(answer: Answer): Json {
  const { dialect, body, ask, script, isChat } = answer;
  const content = isChat
    ? { message: messageOf(answer) }
    : { text: echoed(answer, textOf(script)) };
  return {
    id: isChat ? dialect.id : dialect.completionId,
    object: isChat ? "chat.completion" : "text_completion",
    created: CREATED,
    model: body["model"],
    choices: Array.from({ length: ask.n }, (_, index) => ({
      index,
      ...content,
      ...dialect.choiceExtras(script, false),
      ...(hasLogprobs(answer) ? logprobsOf(answer, script.pieces) : {}),
      finish_reason: dialect.finish(script, ask, false),
    })),
    usage: dialect.usage(script, body),
    ...dialect.wholeExtras(script),
  };
}

function messageOf({ dialect, script }: Answer): Json {
  const reasoning = script.reasoning.join("");
  const isCalling = script.toolCalls.length > 0;
  const message = {
    role: "assistant",
    content: isCalling ? null : textOf(script),
    ...(reasoning === "" ? {} : dialect.reasoning(reasoning, true)),
    ...(isCalling ? { tool_calls: script.toolCalls.map(dialect.toolCall) } : {}),
  };
  return dialect.message(message, script);
}

function* chunks(answer: Answer): Generator<Frame> {
  const { dialect, body, ask, script, isChat } = answer;
  const head = {
    id: isChat ? dialect.id : dialect.completionId,
    object: isChat ? "chat.completion.chunk" : "text_completion",
    created: CREATED,
    model: body["model"],
    ...dialect.chunkExtras(),
  };
  const asked = objectOf(body["stream_options"]);
  const wantsUsage = asked["include_usage"] === true;
  let made = 0;
  const answers = Array.from({ length: ask.n }, (_, index) => index);
  const frame = (choices: Json[], more: Json = {}, hasContent = false): Frame => ({
    bytes: sse({ ...head, choices, ...usageSoFar(hasContent), ...more }),
    hasContent,
  });
  const choice = (index: number, part: Json): Json => ({
    index,
    ...part,
    ...dialect.choiceExtras(undefined, true),
    ...(hasLogprobs(answer) ? logprobsOf(answer, pieceOf(part)) : {}),
    finish_reason: null,
  });

  for (const bytes of dialect.prelude(head)) yield { bytes };
  if (isChat && dialect.opening !== undefined)
    for (const index of answers) yield frame([choice(index, { delta: dialect.opening })]);
  for (const part of partsOf(answer))
    for (const index of answers) yield frame([choice(index, part)], {}, true);
  for (const index of answers) {
    const isLast = index === ask.n - 1;
    const usage = isLast && dialect.streamUsage === "closing" ? usageOf() : {};
    const closing = isLast ? dialect.closingExtras(script) : {};
    yield frame([closingChoice(answer, index)], { ...usage, ...closing });
  }
  if (dialect.streamUsage === "always" || (wantsUsage && dialect.streamUsage === "asked"))
    yield frame([], usageOf());
  yield { bytes: dialect.mark };

  function usageSoFar(hasContent: boolean): Json {
    if (!wantsUsage || dialect.chunkUsage === "none") return {};
    if (dialect.chunkUsage === "null") return { usage: null };
    if (asked["continuous_usage_stats"] !== true) return {};
    made += hasContent ? 1 : 0;
    const output = Math.min(made, script.usage.output);
    return { usage: dialect.usage({ ...script, usage: { ...script.usage, output } }, body) };
  }

  function usageOf(): Json {
    return { usage: dialect.usage(script, body) };
  }
}

function closingChoice({ dialect, ask, script, isChat }: Answer, index: number): Json {
  const { everyDelta, calls } = dialect;
  // Who names the speaker in every chunk, and who ends with the calls, has a text here as well.
  const isEmpty = everyDelta["role"] === undefined && calls !== "closing";
  const called =
    calls === "closing" && script.toolCalls.length > 0
      ? { tool_calls: wholeCallsOf(dialect, script) }
      : {};
  return {
    index,
    ...(isChat
      ? { delta: isEmpty ? {} : { ...everyDelta, content: "", ...called } }
      : { text: "" }),
    ...dialect.choiceExtras(script, true),
    finish_reason: dialect.finish(script, ask, true),
  };
}

/** What the chunks of one answer carry, in order. */
function* partsOf(answer: Answer): Generator<Json> {
  const { dialect, script, isChat } = answer;
  if (!isChat) {
    const echo = echoed(answer, "");
    if (echo !== "") yield { text: echo };
    for (const text of script.pieces) yield { text };
    return;
  }
  for (const [at, text] of script.reasoning.entries()) {
    const fields = dialect.reasoning(text, at === script.reasoning.length - 1);
    if (Object.keys(fields).length > 0) yield { delta: { ...dialect.everyDelta, ...fields } };
  }
  for (const content of script.pieces) yield { delta: { ...dialect.everyDelta, content } };
  if (dialect.calls === "whole" && script.toolCalls.length > 0)
    yield {
      delta: { ...dialect.everyDelta, content: "", tool_calls: wholeCallsOf(dialect, script) },
    };
  if (dialect.calls !== "fragments") return;
  for (const [index, call] of script.toolCalls.entries()) {
    const opening = dialect.toolCall({ ...call, arguments: "" }, index);
    const shaped = (part: Json) => dialect.callDelta?.(part) ?? [part];
    yield { delta: { ...dialect.everyDelta, tool_calls: shaped({ index, ...opening }) } };
    for (const part of fragmentsOf(call.arguments))
      yield { delta: { tool_calls: shaped({ index, function: { arguments: part } }) } };
  }
}

function wholeCallsOf(dialect: Dialect, { toolCalls }: Script): Json[] {
  return toolCalls.map((call, index) => ({ index, ...dialect.toolCall(call, index) }));
}

function hasLogprobs({ dialect, body, isChat }: Answer): boolean {
  const { logprobs } = body;
  const isNumber = typeof logprobs === "number" && logprobs > 0;
  if (dialect.logprobs !== undefined) return isNumber;
  return dialect.honoursLogprobs && (isChat ? logprobs === true : isNumber);
}

function logprobsOf({ dialect, body, isChat }: Answer, pieces: readonly string[]): Json {
  if (dialect.logprobs !== undefined) return dialect.logprobs(pieces);
  if (!isChat)
    return {
      logprobs: {
        tokens: pieces,
        token_logprobs: pieces.map(() => -0.25),
        top_logprobs: pieces.map((token) => ({ [token]: -0.25 })),
        text_offset: pieces.map((_, index) => pieces.slice(0, index).join("").length),
      },
    };
  const entry = (token: string, logprob: number) => ({
    token,
    logprob,
    bytes: [...Buffer.from(token)],
  });
  const top = typeof body["top_logprobs"] === "number" ? body["top_logprobs"] : 0;
  const content = pieces.map((token) => ({
    ...entry(token, -0.25),
    top_logprobs: Array.from({ length: top }, (_, at) =>
      entry(at === 0 ? token : `other${at} `, -0.25 - at),
    ),
  }));
  return { logprobs: { content, refusal: null } };
}

function pieceOf(part: Json): string[] {
  const text = part["text"] ?? objectOf(part["delta"])["content"];
  return typeof text === "string" && text !== "" ? [text] : [];
}

/** The text with the prompt before it, when a completion asks for its echo. */
function echoed({ body }: Answer, text: string): string {
  return body["echo"] === true && typeof body["prompt"] === "string" ? body["prompt"] + text : text;
}
