import type {
  ChatRequest,
  Dialect,
  Foreign,
  GenerateRequest,
  Reasoning,
  Sampling,
} from "../chat.ts";
import { WeirError } from "../errors.ts";

/** What a request may ask for that not every upstream has a word for. */

type Wish = (request: GenerateRequest) => boolean;

const sampled =
  (name: keyof Sampling, neutral?: number): Wish =>
  ({ sampling }) =>
    sampling[name] !== undefined && sampling[name] !== neutral;

/** By OpenAI's name of the field. A value that changes nothing is no wish. */
const WISHES = {
  logprobs: ({ topLogprobs }) => topLogprobs !== undefined,
  logit_bias: ({ sampling }) => Object.keys(sampling.logitBias ?? {}).length > 0,
  grammar: ({ grammar }) => grammar !== undefined,
  response_format: ({ responseFormat }) => (responseFormat?.type ?? "text") !== "text",
  echo: (request) => request.kind === "completion" && request.echo,
  temperature: sampled("temperature"),
  top_p: sampled("topP"),
  seed: sampled("seed"),
  min_p: sampled("minP", 0),
  top_k: sampled("topK", 0),
  repeat_penalty: sampled("repeatPenalty", 1),
  frequency_penalty: sampled("frequencyPenalty", 0),
  presence_penalty: sampled("presencePenalty", 0),
  user: ({ user }) => user !== undefined,
  parallel_tool_calls: (request) =>
    request.kind === "chat" && request.parallelToolCalls === false && !!request.tools?.length,
  /** To think, by effort or by length; what asks for none is no wish. */
  reasoning_effort: (request) => request.kind === "chat" && wantsThought(request.reasoning),
} as const satisfies Record<string, Wish>;

function wantsThought({ effort = "none", budgetTokens = 0 }: Reasoning = {}): boolean {
  return effort !== "none" || budgetTokens > 0;
}

export type WishName = keyof typeof WISHES;

/** Which of these fields the request sets to something. */
export function wishedFor(request: GenerateRequest, names: readonly WishName[]): WishName[] {
  return names.filter((name) => WISHES[name](request));
}

/** Throws unsupported_parameter when the request asks for one of these. */
export function refuse(request: GenerateRequest, names: readonly WishName[]): void {
  const [name] = wishedFor(request, names);
  if (name === undefined) return;
  throw unsupported(
    name,
    `This model's provider does not support "${name}". Leave it out, or ask another model.`,
  );
}

/** Fields that the client sent beside the known ones, when its dialect is not the upstream's. */
export function foreignExtra({ extra, source }: GenerateRequest, dialect: Dialect): string[] {
  return source?.dialect === dialect ? [] : Object.keys(extra ?? {});
}

/**
 * The request as a chat, for an upstream that has no other generation: a prompt is then what a user
 * says. Throws unsupported_parameter for `echo`, which a chat's answer cannot do.
 */
export function chatOnly(request: GenerateRequest): ChatRequest {
  if (request.kind === "chat") return request;
  const { prompt, echo, kind: _, ...rest } = request;
  if (echo) throw unsupported("echo", "This model's provider has chat only: leave out echo.");
  return { ...rest, kind: "chat", messages: [{ role: "user", content: prompt }] };
}

/** What a part or a tool of one dialect is in that dialect; others refuse it. */
export function nativeValue(
  { dialect, what, value }: Foreign,
  own: Dialect,
  param: "messages" | "tools" = "messages",
): unknown {
  if (dialect === own) return value;
  throw unsupported(
    param,
    `This model's provider has no word for ${what}, which only ${dialect} knows.`,
  );
}

/** The refusal of one field. */
export function unsupported(param: string, message: string): WeirError {
  return new WeirError("unsupported_parameter", message, { param });
}
