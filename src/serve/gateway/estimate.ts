import { type GenerateRequest, type Usage, textOf } from "../../core/chat.ts";
import type { Nanos } from "../../core/money.ts";
import type { Estimate, Price, Target } from "./needs.ts";

const CHARS_PER_TOKEN = 4;
/** Template tokens around each message. */
const TOKENS_PER_MESSAGE = 8;
/** What a call without `max_tokens` is taken to make at the most, for its reservation. */
const DEFAULT_OUTPUT_TOKENS = 1024;

/** About how many tokens a prompt has, without its model's tokenizer. */
export function estimateTokens(request: GenerateRequest): number {
  if (request.kind === "completion") return Math.ceil(request.prompt.length / CHARS_PER_TOKEN);
  let chars = 0;
  for (const { content } of request.messages) {
    chars += typeof content === "string" ? content.length : textOf(content).length;
  }
  return Math.ceil(chars / CHARS_PER_TOKEN) + request.messages.length * TOKENS_PER_MESSAGE;
}

/** The most that a call may come to: at its dearest target, with every token it may make. */
export function estimate(request: GenerateRequest, targets: readonly Target[]): Estimate {
  const inputTokens = estimateTokens(request) * 2; // text that is not English has more tokens
  const outputTokens = (request.maxTokens ?? DEFAULT_OUTPUT_TOKENS) * request.n;
  let costNanos = 0;
  for (const { price } of targets) {
    if (price) costNanos = Math.max(costNanos, costOf({ inputTokens, outputTokens }, price));
  }
  return { tokens: inputTokens + outputTokens, costNanos };
}

/** What a call costs, in whole nano-dollars, rounded up: a part of a nano is never lost. */
export function costOf(usage: Usage, price: Price): Nanos {
  const cached = usage.cachedTokens ?? 0;
  const fresh = usage.inputTokens - cached;
  const exact = fresh * price.input + cached * price.cached + usage.outputTokens * price.output;
  // Prices per token are decimal fractions in binary: 3 × 100.00000000000001 is still 300.
  return Math.max(0, Math.ceil(exact - 1e-6));
}
