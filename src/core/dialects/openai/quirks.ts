import { WeirError } from "../../errors.ts";
import type { GenerateRequest, Reasoning, ResponseFormat } from "../../chat.ts";

/** A request's word that not every server with OpenAI's dialect knows. */
export type OptionalWord =
  | "topK"
  | "minP"
  | "repeatPenalty"
  | "frequencyPenalty"
  | "presencePenalty"
  | "logitBias"
  | "seed"
  | "user"
  | "logprobs"
  | "parallelToolCalls"
  | "grammar"
  | "cacheMarks"
  | "extra";

/** What one kind of server makes of OpenAI's dialect. */
export interface Quirks {
  /** The names of the words that it knows; a word that is absent is not sent. */
  readonly words: Readonly<Partial<Record<OptionalWord, string | undefined>>>;
  readonly maxTokens: "max_tokens" | "max_completion_tokens";
  /** How a stream is asked for its usage: not at all where it always tells, or refuses the field. */
  readonly usageOnRequest: boolean;
  /** Whether a body of the client's own may go there as it is. */
  readonly relays: boolean;
  /** Whether `/completions` is there; where not, a prompt is sent as a chat. */
  readonly completions: boolean;
  /** Whether `n` is honoured; where not, Weir asks n times. */
  readonly manyAnswers: boolean;
  /** The tool choice that forces some call. */
  readonly required: "required" | "any";
  /** Refuses a top_p of 1, which turns it off elsewhere. */
  readonly topPBelowOne?: boolean;
  readonly logprobsAs: "flag and count" | "count";
  /** How an earlier answer's thoughts go back. */
  readonly thoughts: "reasoning_content" | "reasoning" | "details" | "parts" | "none";
  /** What asks for the rest of the last message, where its role alone does not. */
  readonly continuing?: Readonly<Record<string, unknown>>;
  /** Whether ids of calls are nine letters and digits, and no others are taken. */
  readonly shortIds: boolean;
  /** Nothing where the model cannot be asked to think. */
  reasoning(asked: Reasoning, model: string): Readonly<Record<string, unknown>>;
  format(format: ResponseFormat): unknown;
}

const STANDARD_WORDS = {
  frequencyPenalty: "frequency_penalty",
  presencePenalty: "presence_penalty",
  logitBias: "logit_bias",
  seed: "seed",
  user: "user",
  logprobs: "logprobs",
  parallelToolCalls: "parallel_tool_calls",
  extra: "",
} as const;

const OPEN_WORDS = {
  ...STANDARD_WORDS,
  topK: "top_k",
  minP: "min_p",
  repeatPenalty: "repetition_penalty",
} as const;

function byEffort(asked: Reasoning): Record<string, unknown> {
  const effort = effortOf(asked);
  return effort === undefined ? {} : { reasoning_effort: effort };
}

/** A length of thinking in the words of those who take no length. */
function effortOf({ effort, budgetTokens }: Reasoning): Reasoning["effort"] {
  if (effort !== undefined || !budgetTokens) return effort;
  if (budgetTokens <= 2048) return "low";
  return budgetTokens <= 8192 ? "medium" : "high";
}

/**
 * OpenAI's older models refuse the word. Who says it means it; of a length, which other protocols'
 * clients send to every model, they are spared.
 */
function byOpenAisEffort(asked: Reasoning, model: string): Record<string, unknown> {
  const isSpared =
    asked.effort === undefined && !/(^|[^a-z])(o[1-9]|gpt-[5-9]|gpt-oss)/.test(model);
  return isSpared ? {} : byEffort(asked);
}

function asJsonSchema(format: ResponseFormat): unknown {
  if (format.type !== "json_schema") return format;
  const { type, ...schema } = format;
  return { type, json_schema: schema };
}

/** TGI's own words for it: a schema always, and nothing for text. */
function asGrammar(format: ResponseFormat): unknown {
  if (format.type === "text") return undefined;
  const schema = format.type === "json_schema" ? format.schema : { type: "object" };
  return { type: "json_object", value: schema };
}

const OPENAI: Quirks = {
  words: STANDARD_WORDS,
  maxTokens: "max_completion_tokens",
  usageOnRequest: true,
  relays: true,
  completions: true,
  manyAnswers: true,
  required: "required",
  logprobsAs: "flag and count",
  thoughts: "none",
  shortIds: false,
  reasoning: byOpenAisEffort,
  format: asJsonSchema,
};

const OPEN: Quirks = {
  ...OPENAI,
  words: OPEN_WORDS,
  maxTokens: "max_tokens",
  thoughts: "reasoning_content",
  reasoning: byEffort,
};

/** Where the chat template decides, thinking is on or off. */
function byTemplate({ effort, budgetTokens }: Reasoning): Record<string, unknown> {
  const isOff = effort === "none" || budgetTokens === 0;
  return {
    ...(effort !== undefined && !isOff && { reasoning_effort: effort }),
    // Qwen's, DeepSeek's and GLM's templates read this; others ignore it.
    chat_template_kwargs: { enable_thinking: !isOff },
  };
}

const CONTINUING = { add_generation_prompt: false, continue_final_message: true };

/** What differs between the servers that speak OpenAI's dialect: one row each. */
export const QUIRKS = {
  openai: OPENAI,
  "azure-openai": OPENAI,
  "openai-compatible": OPEN,
  vllm: {
    ...OPEN,
    words: { ...OPEN_WORDS, grammar: "structured_outputs.grammar" },
    reasoning: byTemplate,
    continuing: CONTINUING,
  },
  sglang: {
    ...OPEN,
    words: { ...OPEN_WORDS, grammar: "ebnf" },
    reasoning: byTemplate,
    continuing: CONTINUING,
  },
  "llama-server": {
    ...OPEN,
    words: { ...OPEN_WORDS, repeatPenalty: "repeat_penalty", grammar: "grammar" },
    reasoning: byTemplate,
  },
  // Its validator knows these fields and ignores n, logit_bias and user.
  tgi: {
    ...OPEN,
    words: { ...STANDARD_WORDS, logitBias: undefined, user: undefined },
    manyAnswers: false,
    topPBelowOne: true,
    format: asGrammar,
    reasoning: () => ({}),
  },
  // Refuses every field that it does not know; usage comes unasked.
  mistral: {
    ...OPENAI,
    words: {
      frequencyPenalty: "frequency_penalty",
      presencePenalty: "presence_penalty",
      seed: "random_seed",
      parallelToolCalls: "parallel_tool_calls",
    },
    maxTokens: "max_tokens",
    usageOnRequest: false,
    relays: false,
    completions: false,
    required: "any",
    thoughts: "parts",
    shortIds: true,
    reasoning: byEffort,
  },
  groq: {
    ...OPENAI,
    words: { ...STANDARD_WORDS, logprobs: undefined, logitBias: undefined },
    completions: false,
    manyAnswers: false,
    thoughts: "reasoning",
    reasoning: (asked) => ({ ...byEffort(asked), reasoning_format: "parsed" }),
  },
  together: { ...OPEN, logprobsAs: "count" },
  openrouter: {
    ...OPEN,
    words: { ...OPEN_WORDS, cacheMarks: "cache_control" },
    manyAnswers: false,
    thoughts: "details",
    reasoning: ({ effort, budgetTokens }) => ({
      reasoning: { effort, max_tokens: budgetTokens },
    }),
  },
} as const satisfies Record<string, Quirks>;

export type QuirkName = keyof typeof QUIRKS;

/** What the request asks for that this server must not ignore in silence. */
export function refuseUnknown(request: GenerateRequest, { words }: Quirks): void {
  if (request.topLogprobs !== undefined && words.logprobs === undefined) {
    throw unsupported("logprobs");
  }
  if (request.grammar !== undefined && words.grammar === undefined) throw unsupported("grammar");
  if (request.sampling.logitBias && words.logitBias === undefined) throw unsupported("logit_bias");
}

function unsupported(param: string): WeirError {
  return new WeirError(
    "unsupported_parameter",
    `This model's provider does not support "${param}". Leave it out, or ask another model.`,
    { param },
  );
}
