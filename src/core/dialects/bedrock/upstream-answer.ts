import { z } from "zod";
import type { ChatEvent, FinishReason, Usage } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { readJson } from "../read-json.ts";
import type { AnswerReader } from "../upstream-dialect.ts";

/** Converse's answers, read into events. */

const WireReasoning = z.looseObject({
  text: z.string().nullish(),
  signature: z.string().nullish(),
  redactedContent: z.string().nullish(),
  reasoningText: z
    .looseObject({ text: z.string().nullish(), signature: z.string().nullish() })
    .nullish(),
});
type WireReasoning = z.infer<typeof WireReasoning>;

const WireUsage = z.looseObject({
  inputTokens: z.number().nullish(),
  outputTokens: z.number().nullish(),
  cacheReadInputTokens: z.number().nullish(),
  cacheWriteInputTokens: z.number().nullish(),
});

const WireToolStart = z.looseObject({ toolUseId: z.string(), name: z.string() });

/** The payload of any event of the stream: each has some of these. */
const WireEvent = z.looseObject({
  contentBlockIndex: z.number().nullish(),
  start: z.looseObject({ toolUse: WireToolStart.nullish() }).nullish(),
  delta: z
    .looseObject({
      text: z.string().nullish(),
      toolUse: z.looseObject({ input: z.string().nullish() }).nullish(),
      reasoningContent: WireReasoning.nullish(),
    })
    .nullish(),
  stopReason: z.string().nullish(),
  usage: WireUsage.nullish(),
  message: z.string().nullish(),
});
type WireEvent = z.infer<typeof WireEvent>;

const WireAnswer = z.looseObject({
  output: z.looseObject({
    message: z.looseObject({
      content: z
        .array(
          z.looseObject({
            text: z.string().nullish(),
            toolUse: WireToolStart.extend({ input: z.unknown().optional() }).nullish(),
            reasoningContent: WireReasoning.nullish(),
          }),
        )
        .nullish(),
    }),
  }),
  stopReason: z.string().nullish(),
  usage: WireUsage.nullish(),
});

/** Reads one of Converse's answers, whole or streamed. */
export function createAnswerReader(): AnswerReader {
  return new Reader();
}

class Reader implements AnswerReader {
  /** By the index of their block. */
  readonly #calls = new Map<number, number>();
  readonly #parts = new Map<number, number>();
  #isStopped = false;

  message(data: string, name: string): readonly ChatEvent[] {
    if (name.startsWith("exception:")) throw toError(name.slice("exception:".length), data);
    const event = readJson(WireEvent, data);
    switch (name) {
      case "contentBlockStart":
        return this.#start(event);
      case "contentBlockDelta":
        return this.#delta(event);
      case "messageStop":
        return this.#finish(event.stopReason);
      case "metadata":
        return event.usage ? [{ type: "usage", usage: toUsage(event.usage) }] : [];
      default:
        return [];
    }
  }

  whole(json: string): readonly ChatEvent[] {
    const { output, stopReason, usage } = readJson(WireAnswer, json);
    const events = (output.message.content ?? []).flatMap(
      ({ text, toolUse, reasoningContent }, index): ChatEvent[] => {
        if (toolUse) return this.#call(index, toolUse, JSON.stringify(toolUse.input ?? {}));
        if (reasoningContent) return this.#think(index, reasoningContent);
        return text ? [{ type: "text-delta", index: 0, text }] : [];
      },
    );
    events.push(...this.#finish(stopReason));
    if (usage) events.push({ type: "usage", usage: toUsage(usage) });
    return events;
  }

  end(): readonly ChatEvent[] | false {
    return this.#isStopped && [];
  }

  #start({ contentBlockIndex, start }: WireEvent): ChatEvent[] {
    return start?.toolUse ? this.#call(contentBlockIndex ?? 0, start.toolUse, "") : [];
  }

  #call(block: number, { toolUseId: id, name }: z.infer<typeof WireToolStart>, text: string) {
    const call = this.#calls.size;
    this.#calls.set(block, call);
    const event: ChatEvent = { type: "tool-call-delta", index: 0, call, id, name, arguments: text };
    return [event];
  }

  #delta({ contentBlockIndex, delta }: WireEvent): ChatEvent[] {
    const block = contentBlockIndex ?? 0;
    if (delta?.text) return [{ type: "text-delta", index: 0, text: delta.text }];
    if (delta?.reasoningContent) return this.#think(block, delta.reasoningContent);
    const call = this.#calls.get(block);
    const input = delta?.toolUse?.input;
    if (call === undefined || !input) return [];
    return [{ type: "tool-call-delta", index: 0, call, arguments: input }];
  }

  #think(block: number, { reasoningText, redactedContent, ...flat }: WireReasoning): ChatEvent[] {
    const { text, signature } = reasoningText ?? flat;
    if (!text && !signature && redactedContent == null) return [];
    const part = this.#parts.get(block) ?? this.#parts.size;
    this.#parts.set(block, part);
    return [
      {
        type: "reasoning-delta",
        index: 0,
        text: text ?? "",
        part,
        ...(signature && { signature }),
        ...(redactedContent != null && { redacted: redactedContent }),
      },
    ];
  }

  #finish(wire: string | null | undefined): ChatEvent[] {
    if (wire?.startsWith("malformed_")) {
      throw new WeirError("provider_failed", `The upstream's model failed (${wire}).`);
    }
    this.#isStopped = true;
    const fallback = this.#calls.size > 0 ? "tool_calls" : "stop";
    return [{ type: "finish", index: 0, reason: FINISH_REASONS[wire ?? ""] ?? fallback }];
  }
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  tool_use: "tool_calls",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  content_filtered: "content_filter",
  guardrail_intervened: "content_filter",
};

/** Like Anthropic, Bedrock counts the cached parts of a prompt beside the rest. */
function toUsage(usage: z.infer<typeof WireUsage>): Usage {
  const read = usage.cacheReadInputTokens ?? 0;
  const written = usage.cacheWriteInputTokens ?? 0;
  return {
    inputTokens: (usage.inputTokens ?? 0) + read + written,
    outputTokens: usage.outputTokens ?? 0,
    ...(read > 0 && { cachedTokens: read }),
    ...(written > 0 && { cacheWriteTokens: written }),
  };
}

/** An exception that came within the stream. */
function toError(type: string, data: string): WeirError {
  const said = readJson(WireEvent, data).message ?? type;
  switch (type) {
    case "throttlingException":
      return new WeirError("rate_limited", `The upstream is at its limit: ${said}`);
    case "modelTimeoutException":
      return new WeirError("provider_timed_out", `The upstream took too long: ${said}`);
    case "validationException": {
      const isTooLong = /too long|context/i.test(said);
      return new WeirError(isTooLong ? "context_length_exceeded" : "invalid_request", said);
    }
    default:
      return new WeirError("provider_failed", `The upstream failed within its answer: ${said}`);
  }
}
