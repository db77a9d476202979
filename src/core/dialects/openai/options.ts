import { z } from "zod";
import type { Dialect, GenerationOptions, Sampling } from "../../chat.ts";

/** What chat completions and completions have in common, as OpenAI's clients send it. Pure. */

export const count = (what: string) =>
  z.int(`${what} must be a whole number`).min(1, `${what} must be at least 1`);

export const OptionFields = {
  model: z.string().min(1).describe("a model name from weir.yaml"),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: count("n").max(16, "n must be at most 16").nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  seed: z.int().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(-1).nullish().describe("not OpenAI's: 0 or -1 turns it off"),
  min_p: z.number().min(0).max(1).nullish().describe("not OpenAI's"),
  repeat_penalty: z.number().min(0).max(10).nullish().describe("not OpenAI's; 1 turns it off"),
  repetition_penalty: z.number().min(0).max(10).nullish().describe("vLLM's name of the same"),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z.record(z.string(), z.number().min(-100).max(100)).nullish(),
  max_tokens: count("max_tokens").nullish(),
  user: z.string().nullish().describe("on whose behalf: limits, traces and risk are kept by it"),
  grammar: z
    .string()
    .nullish()
    .describe("not OpenAI's: a GBNF grammar, for the embedded engine and llama-server"),
};

const Options = z.looseObject(OptionFields);
type Options = z.infer<typeof Options>;

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
export type CommonOptions = Mutable<GenerationOptions> & { model: string; user?: string };

/** The options that every generation has; what `known` does not name is kept as extra. */
export function toOptions(
  body: Options,
  dialect: Dialect,
  maxTokens: number | null | undefined,
  known: ReadonlySet<string>,
): CommonOptions {
  const options: CommonOptions = {
    model: body.model,
    sampling: toSampling(body),
    stop: body.stop == null ? [] : typeof body.stop === "string" ? [body.stop] : body.stop,
    n: body.n ?? 1,
    stream: body.stream ?? false,
    source: { dialect, body },
  };
  if (maxTokens != null) options.maxTokens = maxTokens;
  if (body.grammar != null) options.grammar = body.grammar;
  if (body.user != null) options.user = body.user;
  const extra = unknownOf(body, known);
  if (extra) options.extra = extra;
  return options;
}

function unknownOf(body: Options, known: ReadonlySet<string>): CommonOptions["extra"] {
  let extra: [string, unknown][] | undefined;
  for (const key in body) {
    if (!known.has(key) && Object.hasOwn(body, key)) (extra ??= []).push([key, body[key]]);
  }
  return extra && Object.fromEntries(extra);
}

function toSampling(body: Options): Sampling {
  const sampling: Mutable<Sampling> = {};
  const repeatPenalty = body.repeat_penalty ?? body.repetition_penalty;
  if (body.temperature != null) sampling.temperature = body.temperature;
  if (body.top_p != null) sampling.topP = body.top_p;
  if (body.top_k != null) sampling.topK = Math.max(0, body.top_k);
  if (body.min_p != null) sampling.minP = body.min_p;
  if (repeatPenalty != null) sampling.repeatPenalty = repeatPenalty;
  if (body.frequency_penalty != null) sampling.frequencyPenalty = body.frequency_penalty;
  if (body.presence_penalty != null) sampling.presencePenalty = body.presence_penalty;
  if (body.seed != null) sampling.seed = body.seed;
  if (body.logit_bias != null) sampling.logitBias = body.logit_bias;
  return sampling;
}

/** Whether a stream's client asked for its usage. */
export function wantsUsage(body: Readonly<Record<string, unknown>> | undefined): boolean {
  return (
    Options.shape.stream_options.safeParse(body?.["stream_options"]).data?.include_usage ?? false
  );
}
