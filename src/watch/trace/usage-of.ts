/**
 * The tokens of a run, wherever its sender put them: the newest SDKs name them `usage_metadata`, older
 * ones leave the upstream's own `usage`, LangChain puts them into its generations. Pure.
 */
import type { RunPart, RunUsage } from "../../core/run.ts";

/** Tokens with what only their price asks for. */
export interface PricedUsage extends RunUsage {
  /** Of `audioTokens`, the generated ones. */
  readonly audioOutputTokens?: number | undefined;
  /** Of `cacheWriteTokens`, those that stay in the cache for an hour. */
  readonly cacheWriteHourTokens?: number | undefined;
}

export interface ToldUsage {
  readonly usage: RunUsage;
  readonly details: Omit<PricedUsage, keyof RunUsage>;
  /** What the sender says that it cost, in dollars. */
  readonly costs?: { readonly total?: number; readonly input?: number; readonly output?: number };
}

type Fields = Readonly<Record<string, unknown>>;

export const NO_USAGE: RunUsage = {
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  imageTokens: 0,
  audioTokens: 0,
};

export function usageOf({ extra, outputs }: RunPart): ToldUsage | undefined {
  const metadata = fieldsOf(fieldsOf(extra)?.["metadata"]);
  const out = fieldsOf(outputs);
  const found =
    fieldsOf(metadata?.["usage_metadata"]) ??
    fieldsOf(out?.["usage_metadata"]) ??
    fieldsOf(out?.["usage"]) ??
    fieldsOf(fieldsOf(out?.["llmOutput"])?.["tokenUsage"]) ??
    fieldsOf(fieldsOf(out?.["llm_output"])?.["token_usage"]) ??
    ofGenerations(out?.["generations"]) ??
    fieldsOf(messageFields(out?.["output"])?.["usage_metadata"]);
  return found && toldBy(found);
}

/** LangChain: `generations[][].message.kwargs.usage_metadata`. */
function ofGenerations(generations: unknown): Fields | undefined {
  const first = Array.isArray(generations) ? generations.flat()[0] : undefined;
  return fieldsOf(messageFields(fieldsOf(first)?.["message"])?.["usage_metadata"]);
}

/** A message's fields: of a serialised LangChain object they lie under `kwargs`. */
export function messageFields(message: unknown): Fields | undefined {
  const fields = fieldsOf(message);
  return fieldsOf(fields?.["kwargs"]) ?? fields;
}

function toldBy(told: Fields): ToldUsage | undefined {
  const number = (...names: string[]): number | undefined => {
    for (const name of names) {
      const value = told[name];
      if (typeof value === "number" && Number.isFinite(value)) return Math.max(0, value);
    }
    return undefined;
  };
  let input = number("input_tokens", "prompt_tokens", "promptTokens", "inputTokens");
  const output = number("output_tokens", "completion_tokens", "completionTokens", "outputTokens");
  if (input === undefined && output === undefined) {
    const total = number("total_tokens", "totalTokens");
    if (total === undefined) return undefined;
    input = total;
  }
  const inDetails = detailsOf(told, "input_token_details", "prompt_tokens_details");
  const outDetails = detailsOf(told, "output_token_details", "completion_tokens_details");
  // Anthropic's own words count cached tokens beside the input, everybody else within it.
  const readBeside = number("cache_read_input_tokens") ?? 0;
  const writtenBeside = number("cache_creation_input_tokens") ?? 0;
  const cachedTokens = inDetails("cache_read", "cached_tokens") || readBeside;
  const cacheWriteTokens =
    inDetails("cache_creation", "cache_write", ...MINUTES, ...HOUR) || writtenBeside;
  const audioOutputTokens = outDetails("audio", "audio_tokens");
  const usage: RunUsage = {
    inputTokens: Math.max((input ?? 0) + readBeside + writtenBeside, cachedTokens),
    outputTokens: output ?? 0,
    cachedTokens,
    cacheWriteTokens,
    reasoningTokens: outDetails("reasoning", "reasoning_tokens"),
    imageTokens: inDetails("image", "image_tokens"),
    audioTokens: inDetails("audio", "audio_tokens") + audioOutputTokens,
  };
  const costs = {
    ...withNumber("total", number("total_cost")),
    ...withNumber("input", number("input_cost")),
    ...withNumber("output", number("output_cost")),
  };
  // Anthropic's own words break down what was written beside the input.
  const cacheWriteHourTokens =
    inDetails(...HOUR) || detailsOf(told, "cache_creation")("ephemeral_1h_input_tokens");
  const details = { audioOutputTokens, cacheWriteHourTokens };
  return { usage, details, ...(Object.keys(costs).length > 0 && { costs }) };
}

function withNumber(name: string, value: number | undefined): Record<string, number> {
  return value === undefined ? {} : { [name]: value };
}

/** Sums the named details; service tiers put their name before them, as `priority_cache_read`. */
function detailsOf(told: Fields, ...names: string[]): (...wanted: string[]) => number {
  const details = names.map((name) => fieldsOf(told[name])).find(Boolean);
  return (...wanted) => {
    let sum = 0;
    for (const [name, value] of Object.entries(details ?? {})) {
      if (typeof value !== "number" || !(value > 0)) continue;
      if (wanted.some((word) => name === word || TIERS.some((tier) => name === `${tier}_${word}`)))
        sum += value;
    }
    return sum;
  };
}

const MINUTES = ["ephemeral_5m", "ephemeral_5m_input_tokens"];
const HOUR = ["ephemeral_1h", "ephemeral_1h_input_tokens"];
const TIERS = ["priority", "flex", "batch"];

export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields) // its fields are unknown either way
    : undefined;
}
