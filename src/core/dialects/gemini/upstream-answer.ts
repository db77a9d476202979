import { z } from "zod";
import type { ChatEvent, FinishReason, TokenLogprob, Usage } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { readJson } from "../read-json.ts";
import type { AnswerReader } from "../upstream-dialect.ts";

/** Gemini's answers, read into events. */

const WireToken = z.looseObject({
  token: z.string().nullish(),
  logProbability: z.number().nullish(),
});
type WireToken = z.infer<typeof WireToken>;

const WireLogprobs = z.looseObject({
  chosenCandidates: z.array(WireToken).nullish(),
  topCandidates: z.array(z.looseObject({ candidates: z.array(WireToken).nullish() })).nullish(),
});

const WirePart = z.looseObject({
  text: z.string().nullish(),
  thought: z.boolean().nullish(),
  thoughtSignature: z.string().nullish(),
  functionCall: z
    .looseObject({
      id: z.string().nullish(),
      name: z.string().nullish(),
      args: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
});
type WirePart = z.infer<typeof WirePart>;

const WireCandidate = z.looseObject({
  index: z.number().nullish(),
  content: z.looseObject({ parts: z.array(WirePart).nullish() }).nullish(),
  finishReason: z.string().nullish(),
  finishMessage: z.string().nullish(),
  logprobsResult: WireLogprobs.nullish(),
});
type WireCandidate = z.infer<typeof WireCandidate>;

const WireUsage = z.looseObject({
  promptTokenCount: z.number().nullish(),
  toolUsePromptTokenCount: z.number().nullish(),
  candidatesTokenCount: z.number().nullish(),
  thoughtsTokenCount: z.number().nullish(),
  cachedContentTokenCount: z.number().nullish(),
  promptTokensDetails: z
    .array(z.looseObject({ modality: z.string().nullish(), tokenCount: z.number().nullish() }))
    .nullish()
    .catch(undefined),
});

const WireAnswer = z.looseObject({
  candidates: z.array(WireCandidate).nullish(),
  usageMetadata: WireUsage.nullish(),
  promptFeedback: z
    .looseObject({
      blockReason: z.string().nullish(),
      blockReasonMessage: z.string().nullish(),
    })
    .nullish(),
  error: z
    .looseObject({
      code: z.number().nullish(),
      status: z.string().nullish(),
      message: z.string().nullish(),
    })
    .nullish(),
});

/** Reads one of Gemini's answers; in its stream, every message is a small answer. */
export function createAnswerReader(): AnswerReader {
  return new Reader();
}

class Reader implements AnswerReader {
  /** By candidate: how many calls it made, and whether it has ended. */
  readonly #calls = new Map<number, number>();
  readonly #finished = new Map<number, boolean>();
  #usage: Usage | undefined;

  message(data: string): readonly ChatEvent[] {
    const { error, promptFeedback, candidates, usageMetadata } = readJson(WireAnswer, data);
    if (error) throw toError(error);
    if (promptFeedback?.blockReason && !candidates?.length) {
      const { blockReason, blockReasonMessage: said } = promptFeedback;
      const why = said ? `${blockReason}: ${said}` : blockReason;
      throw new WeirError("blocked_by_provider", `The upstream refused the prompt (${why}).`);
    }
    // Comes with every message and grows; the last one counts.
    if (usageMetadata) this.#usage = toUsage(usageMetadata);
    return (candidates ?? []).flatMap((candidate) => this.#read(candidate));
  }

  whole(json: string): readonly ChatEvent[] {
    const events = this.message(json);
    const end = this.end();
    if (end === false) {
      throw new WeirError("provider_failed", "The upstream's answer has no end.");
    }
    return [...events, ...end];
  }

  end(): readonly ChatEvent[] | false {
    if (this.#finished.size === 0 || [...this.#finished.values()].includes(false)) return false;
    return this.#usage ? [{ type: "usage", usage: this.#usage }] : [];
  }

  #read({ index: at, content, logprobsResult, finishReason, finishMessage }: WireCandidate) {
    const index = at ?? 0;
    if (this.#finished.get(index)) return [];
    this.#finished.set(index, false);
    const events = (content?.parts ?? []).flatMap((part) => this.#part(index, part));
    if (logprobsResult) withLogprobs(events, toLogprobs(logprobsResult));
    if (!finishReason || finishReason === "FINISH_REASON_UNSPECIFIED") return events;
    if (FAILURES.has(finishReason)) {
      const why = finishMessage ? `${finishReason}: ${finishMessage}` : finishReason;
      throw new WeirError("provider_failed", `The upstream's model failed (${why}).`);
    }
    this.#finished.set(index, true);
    events.push({ type: "finish", index, reason: this.#reason(index, finishReason) });
    return events;
  }

  #reason(index: number, wire: string): FinishReason {
    if (wire === "MAX_TOKENS") return "length";
    if (FILTERS.has(wire)) return "content_filter";
    return this.#calls.has(index) ? "tool_calls" : "stop";
  }

  #part(index: number, { text, thought, thoughtSignature, functionCall }: WirePart): ChatEvent[] {
    const proof = thoughtSignature ? { signature: thoughtSignature } : {};
    if (functionCall) {
      const call = this.#calls.get(index) ?? 0;
      this.#calls.set(index, call + 1);
      return [
        {
          type: "tool-call-delta",
          index,
          call,
          id: functionCall.id || newId("call_"),
          name: functionCall.name ?? "",
          arguments: JSON.stringify(functionCall.args ?? {}),
          ...proof,
        },
      ];
    }
    const events: ChatEvent[] = [];
    if (text && !thought) events.push({ type: "text-delta", index, text });
    const thinking = thought ? (text ?? "") : "";
    if (thinking !== "" || thoughtSignature) {
      events.push({ type: "reasoning-delta", index, text: thinking, ...proof });
    }
    return events;
  }
}

const FAILURES = new Set([
  "MALFORMED_FUNCTION_CALL",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
  "MALFORMED_RESPONSE",
]);
const FILTERS = new Set([
  "SAFETY",
  "RECITATION",
  "LANGUAGE",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "IMAGE_SAFETY",
  "IMAGE_PROHIBITED_CONTENT",
  "IMAGE_RECITATION",
]);

/** The numbers stand beside the parts, so they go with the message's first text. */
function withLogprobs(events: ChatEvent[], logprobs: readonly TokenLogprob[]): void {
  const at = events.findIndex(({ type }) => type === "text-delta");
  const event = events[at];
  if (event?.type === "text-delta" && logprobs.length > 0) events[at] = { ...event, logprobs };
}

function toLogprobs({
  chosenCandidates,
  topCandidates,
}: z.infer<typeof WireLogprobs>): TokenLogprob[] {
  return (chosenCandidates ?? []).map((chosen, at) => ({
    ...toToken(chosen),
    top: (topCandidates?.[at]?.candidates ?? []).map(toToken),
  }));
}

function toToken({ token, logProbability }: WireToken): Omit<TokenLogprob, "top"> & {
  bytes: number[];
} {
  const text = token ?? "";
  return { token: text, logprob: logProbability ?? 0, bytes: [...Buffer.from(text)] };
}

function promptTokens(usage: z.infer<typeof WireUsage>, modality: string): number {
  const details = usage.promptTokensDetails ?? [];
  return details.reduce(
    (sum, one) => sum + (one.modality === modality ? (one.tokenCount ?? 0) : 0),
    0,
  );
}

function withCount(name: "imageTokens" | "audioTokens", tokens: number): Partial<Usage> {
  return tokens > 0 ? { [name]: tokens } : {};
}

function toUsage(usage: z.infer<typeof WireUsage>): Usage {
  const thoughts = usage.thoughtsTokenCount;
  const cached = usage.cachedContentTokenCount;
  return {
    inputTokens: (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0),
    // Thoughts are paid for as output, and Gemini counts them apart.
    outputTokens: (usage.candidatesTokenCount ?? 0) + (thoughts ?? 0),
    ...(cached != null && { cachedTokens: cached }),
    ...(thoughts != null && { reasoningTokens: thoughts }),
    ...withCount("imageTokens", promptTokens(usage, "IMAGE")),
    ...withCount("audioTokens", promptTokens(usage, "AUDIO")),
  };
}

function toError({
  code,
  status,
  message,
}: {
  readonly code?: number | null | undefined;
  readonly status?: string | null | undefined;
  readonly message?: string | null | undefined;
}): WeirError {
  const said = message ?? status ?? "no reason given";
  if (code === 429) return new WeirError("rate_limited", `The upstream is at its limit: ${said}`);
  if (code === 400) return new WeirError("invalid_request", said);
  return new WeirError("provider_failed", `The upstream failed within its answer: ${said}`);
}
