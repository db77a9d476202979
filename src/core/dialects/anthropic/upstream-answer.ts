import { z } from "zod";
import type { ChatEvent, FinishReason, Frame, GenerateRequest, Usage } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { parseObject, readValue } from "../read-json.ts";
import { framed } from "../relay.ts";
import type { AnswerReader } from "../upstream-dialect.ts";

/** Anthropic's answers, read into events. Leniently: other servers speak this dialect too. */

const WireUsage = z.looseObject({
  input_tokens: z.number().nullish(),
  output_tokens: z.number().nullish(),
  cache_read_input_tokens: z.number().nullish(),
  cache_creation_input_tokens: z.number().nullish(),
  output_tokens_details: z.looseObject({ thinking_tokens: z.number().nullish() }).nullish(),
});
type WireUsage = z.infer<typeof WireUsage>;

const WireBlock = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  thinking: z.string().nullish(),
  signature: z.string().nullish(),
  data: z.string().nullish(),
  id: z.string().nullish(),
  name: z.string().nullish(),
  input: z.unknown().optional(),
});
type WireBlock = z.infer<typeof WireBlock>;

const WireEnd = {
  stop_reason: z.string().nullish(),
  stop_sequence: z.string().nullish(),
};

const WireMessage = z.looseObject({
  ...WireEnd,
  type: z.string().nullish(),
  content: z.array(WireBlock).nullish(),
  usage: WireUsage.nullish(),
  error: z.unknown().optional(),
});

const WireEvent = z.looseObject({
  type: z.string(),
  index: z.number().nullish(),
  message: WireMessage.nullish(),
  content_block: WireBlock.nullish(),
  delta: z
    .looseObject({
      ...WireEnd,
      type: z.string().nullish(),
      text: z.string().nullish(),
      thinking: z.string().nullish(),
      signature: z.string().nullish(),
      partial_json: z.string().nullish(),
    })
    .nullish(),
  usage: WireUsage.nullish(),
  error: z.unknown().optional(),
});
type WireEvent = z.infer<typeof WireEvent>;

/** Reads one of Anthropic's answers, whole or streamed. */
export function createAnswerReader(request: GenerateRequest): AnswerReader {
  return new Reader(request.source?.dialect === "anthropic-messages");
}

class Reader implements AnswerReader {
  readonly #keepsFrames: boolean;
  readonly #calls = new Map<number, number>();
  /** Inputs that came whole with a call's start; used when no delta follows. */
  readonly #inputs = new Map<number, string>();
  #part = -1;
  #usage: WireUsage = {};
  #isFinished = false;
  #isStopped = false;

  constructor(keepsFrames: boolean) {
    this.#keepsFrames = keepsFrames;
  }

  message(data: string, name: string): readonly ChatEvent[] {
    const value = parseObject(data);
    const event = readValue(WireEvent, value);
    if (event.type === "ping") return [];
    return this.#framed(this.#read(event), { name: name || event.type, json: data, value });
  }

  whole(json: string): readonly ChatEvent[] {
    const value = parseObject(json);
    const message = readValue(WireMessage, value);
    if (message.error != null) throw toError(message.error);
    const events = (message.content ?? []).flatMap((block, index) => [
      ...this.#start(index, block),
      ...this.#stop(index),
    ]);
    this.#count(message.usage);
    events.push(...this.#finish(message.stop_reason, message.stop_sequence));
    return this.#framed(events, { name: "", json, value });
  }

  end(): readonly ChatEvent[] | false {
    return this.#isStopped && [];
  }

  #framed(
    events: readonly ChatEvent[],
    frame: Pick<Frame, "name" | "json" | "value">,
  ): readonly ChatEvent[] {
    return this.#keepsFrames ? framed(events, { dialect: "anthropic-messages", ...frame }) : events;
  }

  #read(event: WireEvent): ChatEvent[] {
    const { index, delta } = event;
    switch (event.type) {
      case "message_start":
        this.#count(event.message?.usage);
        return [];
      case "content_block_start":
        return event.content_block ? this.#start(index ?? 0, event.content_block) : [];
      case "content_block_delta":
        return this.#delta(index ?? 0, delta);
      case "content_block_stop":
        return this.#stop(index ?? 0);
      case "message_delta":
        this.#count(event.usage);
        return delta?.stop_reason == null
          ? []
          : this.#finish(delta.stop_reason, delta.stop_sequence);
      case "message_stop":
        this.#isStopped = true;
        return this.#finish(undefined, undefined);
      case "error":
        throw toError(event.error);
      default:
        return [];
    }
  }

  #start(index: number, block: WireBlock): ChatEvent[] {
    if (block.type === "text") return block.text ? [textDelta(block.text)] : [];
    if (block.type === "thinking" || block.type === "redacted_thinking") {
      this.#part += 1;
      return this.#think(block.thinking ?? "", block.signature, block.data);
    }
    if (block.type !== "tool_use") return [];
    const call = this.#calls.size;
    this.#calls.set(index, call);
    const input = JSON.stringify(block.input ?? {});
    if (input !== "{}") this.#inputs.set(index, input);
    return [
      {
        type: "tool-call-delta",
        index: 0,
        call,
        id: block.id ?? "",
        name: block.name ?? "",
        arguments: "",
      },
    ];
  }

  #delta(index: number, delta: WireEvent["delta"]): ChatEvent[] {
    if (delta?.text) return [textDelta(delta.text)];
    if (delta?.thinking || delta?.signature)
      return this.#think(delta.thinking ?? "", delta.signature);
    const call = this.#calls.get(index);
    if (call === undefined || !delta?.partial_json) return [];
    this.#inputs.delete(index);
    return [{ type: "tool-call-delta", index: 0, call, arguments: delta.partial_json }];
  }

  #think(text: string, signature?: string | null, redacted?: string | null): ChatEvent[] {
    if (text === "" && !signature && redacted == null) return [];
    return [
      {
        type: "reasoning-delta",
        index: 0,
        text,
        part: Math.max(0, this.#part),
        ...(signature && { signature }),
        ...(redacted != null && { redacted }),
      },
    ];
  }

  #stop(index: number): ChatEvent[] {
    const call = this.#calls.get(index);
    const input = this.#inputs.get(index);
    this.#inputs.delete(index);
    if (call === undefined || input === undefined) return [];
    return [{ type: "tool-call-delta", index: 0, call, arguments: input }];
  }

  /** The end says its numbers again; zeroes and nulls there do not undo the start's. */
  #count(usage: WireUsage | null | undefined): void {
    const told = Object.entries(usage ?? {}).filter(([, value]) => value);
    this.#usage = { ...this.#usage, ...Object.fromEntries(told) };
  }

  #finish(reason: string | null | undefined, stopText: string | null | undefined): ChatEvent[] {
    if (this.#isFinished) return [];
    this.#isFinished = true;
    const fallback = this.#calls.size > 0 ? "tool_calls" : "stop";
    return [
      {
        type: "finish",
        index: 0,
        reason: FINISH_REASONS[reason ?? ""] ?? fallback,
        ...(stopText != null && { stopText }),
      },
      { type: "usage", usage: toUsage(this.#usage) },
    ];
  }
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  pause_turn: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool_calls",
  refusal: "content_filter",
};

function textDelta(text: string): ChatEvent {
  return { type: "text-delta", index: 0, text };
}

function toUsage(usage: WireUsage): Usage {
  const read = usage.cache_read_input_tokens ?? 0;
  const written = usage.cache_creation_input_tokens ?? 0;
  const thought = usage.output_tokens_details?.thinking_tokens;
  return {
    inputTokens: (usage.input_tokens ?? 0) + read + written,
    outputTokens: usage.output_tokens ?? 0,
    ...(read > 0 && { cachedTokens: read }),
    ...(written > 0 && { cacheWriteTokens: written }),
    ...(thought != null && { reasoningTokens: thought }),
  };
}

const WireError = z.looseObject({ type: z.string().nullish(), message: z.string().nullish() });

/** An error that Anthropic reports within an answer that began well. */
function toError(wire: unknown): WeirError {
  const { type, message } = WireError.safeParse(wire).data ?? {};
  const said = message ?? (typeof wire === "string" ? wire : "no reason given");
  switch (type) {
    case "rate_limit_error":
      return new WeirError("rate_limited", `The upstream is at its limit: ${said}`);
    case "timeout_error":
      return new WeirError("provider_timed_out", `The upstream took too long: ${said}`);
    case "request_too_large":
      return new WeirError("request_too_large", said);
    case "invalid_request_error": {
      const isTooLong = /too long|context/i.test(said);
      return new WeirError(isTooLong ? "context_length_exceeded" : "invalid_request", said);
    }
    default:
      return new WeirError("provider_failed", `The upstream failed within its answer: ${said}`);
  }
}
