import type { ChatEvent, FinishReason, TokenLogprob, Usage } from "../../chat.ts";
import { ERRORS, type WeirError } from "../../errors.ts";

/** Canonical events written as OpenAI's answers: whole ones and stream chunks. Pure. */

export interface AnswerHead {
  /** `chatcmpl-…` or `cmpl-…`. */
  readonly id: string;
  /** Epoch seconds. */
  readonly created: number;
  readonly model: string;
}

/** One index's answer, collected. */
export interface Choice {
  text: string;
  reasoning: string;
  logprobs: TokenLogprob[] | undefined;
  toolCalls: { id: string; name: string; arguments: string }[];
  finish: FinishReason;
}

export interface Collected {
  readonly choices: Choice[];
  readonly usage: Usage;
}

/** Folds events into whole answers, in the order of their index. */
export function collect(events: readonly ChatEvent[]): Collected {
  const choices: Choice[] = [];
  let usage: Usage = { inputTokens: 0, outputTokens: 0 };
  for (const event of events) {
    if (event.type === "usage") usage = event.usage;
    else applyTo((choices[event.index] ??= emptyChoice()), event);
  }
  return { choices: Array.from(choices, (choice) => choice ?? emptyChoice()), usage };
}

function emptyChoice(): Choice {
  return { text: "", reasoning: "", logprobs: undefined, toolCalls: [], finish: "stop" };
}

function applyTo(choice: Choice, event: Exclude<ChatEvent, { type: "usage" }>): void {
  if (event.type === "text-delta") {
    choice.text += event.text;
    if (event.logprobs) choice.logprobs = [...(choice.logprobs ?? []), ...event.logprobs];
  } else if (event.type === "reasoning-delta") {
    choice.reasoning += event.text;
  } else if (event.type === "finish") {
    choice.finish = event.reason;
  } else {
    const call = (choice.toolCalls[event.call] ??= { id: "", name: "", arguments: "" });
    if (event.id) call.id = event.id;
    if (event.name) call.name += event.name;
    call.arguments += event.arguments;
  }
}

/** The body of a chat completion that was not streamed. */
export function formatChatCompletion(head: AnswerHead, { choices, usage }: Collected): string {
  return JSON.stringify({
    id: head.id,
    object: "chat.completion",
    created: head.created,
    model: head.model,
    choices: choices.map((choice, index) => ({
      index,
      message: {
        role: "assistant",
        content: choice.text === "" && choice.toolCalls.length > 0 ? null : choice.text,
        refusal: null,
        ...(choice.reasoning && { reasoning_content: choice.reasoning }),
        ...(choice.toolCalls.length > 0 && {
          tool_calls: choice.toolCalls.map(({ id, name, arguments: args }) => ({
            id,
            type: "function",
            function: { name, arguments: args },
          })),
        }),
      },
      logprobs: choice.logprobs
        ? { content: choice.logprobs.map(toWireLogprob), refusal: null }
        : null,
      finish_reason: choice.finish,
    })),
    usage: toWireUsage(usage),
  });
}

/** The body of a text completion that was not streamed. */
export function formatCompletion(head: AnswerHead, { choices, usage }: Collected): string {
  return JSON.stringify({
    id: head.id,
    object: "text_completion",
    created: head.created,
    model: head.model,
    choices: choices.map((choice, index) => ({
      index,
      text: choice.text,
      logprobs: toLegacyLogprobs(choice.logprobs, 0),
      finish_reason: choice.finish,
    })),
    usage: toWireUsage(usage),
  });
}

/** Turns events into the JSON texts of stream chunks; `[DONE]` and the framing are the caller's. */
export interface ChunkWriter {
  /** The chunks that an event becomes, often one, sometimes none. */
  chunks(event: ChatEvent): string[];
}

export function createChatChunkWriter(head: AnswerHead, includeUsage: boolean): ChunkWriter {
  const frame = `{"id":${JSON.stringify(head.id)},"object":"chat.completion.chunk","created":${head.created},"model":${JSON.stringify(head.model)},`;
  const tail = includeUsage ? ',"usage":null}' : "}";
  const opened = new Set<number>();

  function chunk(index: number, delta: string, logprobs: string, finish: string): string {
    return `${frame}"choices":[{"index":${index},"delta":${delta},"logprobs":${logprobs},"finish_reason":${finish}}]${tail}`;
  }

  function opening(index: number): string[] {
    if (opened.has(index)) return [];
    opened.add(index);
    return [chunk(index, '{"role":"assistant","content":"","refusal":null}', "null", "null")];
  }

  return {
    chunks(event) {
      if (event.type === "usage") {
        if (!includeUsage) return [];
        return [`${frame}"choices":[],"usage":${JSON.stringify(toWireUsage(event.usage))}}`];
      }
      const before = opening(event.index);
      if (event.type === "finish") {
        return [...before, chunk(event.index, "{}", "null", JSON.stringify(event.reason))];
      }
      const logprobs =
        event.type === "text-delta" && event.logprobs
          ? JSON.stringify({ content: event.logprobs.map(toWireLogprob), refusal: null })
          : "null";
      return [...before, chunk(event.index, toDelta(event), logprobs, "null")];
    },
  };
}

type Delta = Extract<ChatEvent, { type: "text-delta" | "reasoning-delta" | "tool-call-delta" }>;

function toDelta(event: Delta): string {
  if (event.type === "text-delta") return `{"content":${JSON.stringify(event.text)}}`;
  if (event.type === "reasoning-delta") {
    return `{"reasoning_content":${JSON.stringify(event.text)}}`;
  }
  const call = {
    index: event.call,
    ...(event.id && { id: event.id, type: "function" }),
    function: { ...(event.name && { name: event.name }), arguments: event.arguments },
  };
  return JSON.stringify({ tool_calls: [call] });
}

export function createCompletionChunkWriter(head: AnswerHead, includeUsage: boolean): ChunkWriter {
  const offsets = new Map<number, number>();
  const frame = {
    id: head.id,
    object: "text_completion",
    created: head.created,
    model: head.model,
  };
  const usage = includeUsage ? { usage: null } : {};
  return {
    chunks(event) {
      if (event.type === "usage") {
        if (!includeUsage) return [];
        return [JSON.stringify({ ...frame, choices: [], usage: toWireUsage(event.usage) })];
      }
      if (event.type !== "text-delta" && event.type !== "finish") return [];
      const offset = offsets.get(event.index) ?? 0;
      const text = event.type === "text-delta" ? event.text : "";
      offsets.set(event.index, offset + text.length);
      const choice = {
        index: event.index,
        text,
        logprobs: event.type === "text-delta" ? toLegacyLogprobs(event.logprobs, offset) : null,
        finish_reason: event.type === "finish" ? event.reason : null,
      };
      return [JSON.stringify({ ...frame, choices: [choice], ...usage })];
    },
  };
}

/** The body of an embeddings answer; `base64` is little-endian float32, as OpenAI's clients ask. */
export function formatEmbeddings(
  model: string,
  vectors: readonly (readonly number[] | Float32Array)[],
  { inputTokens }: Usage,
  encoding: "float" | "base64",
): string {
  return JSON.stringify({
    object: "list",
    data: vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding:
        encoding === "float"
          ? Array.from(vector)
          : Buffer.from(Float32Array.from(vector).buffer).toString("base64"),
    })),
    model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  });
}

/** OpenAI's error envelope. */
export function formatError(error: WeirError, requestId?: string): string {
  return JSON.stringify({
    error: {
      message: error.message,
      type: ERRORS[error.code].type,
      code: error.code,
      param: error.param ?? null,
      ...(requestId !== undefined && { request_id: requestId }),
    },
  });
}

function toWireUsage(usage: Usage): Record<string, unknown> {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens ?? 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
  };
}

function toWireLogprob({ token, logprob, bytes, top }: TokenLogprob): Record<string, unknown> {
  return { token, logprob, bytes, top_logprobs: top };
}

function toLegacyLogprobs(
  logprobs: readonly TokenLogprob[] | undefined,
  from: number,
): Record<string, unknown> | null {
  if (!logprobs) return null;
  let offset = from;
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: logprobs.map(({ token }) => {
      const at = offset;
      offset += token.length;
      return at;
    }),
  };
}
