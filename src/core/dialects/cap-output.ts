import type { Dialect, GenerateRequest } from "../chat.ts";

/** What each client's dialect calls the most tokens of an answer. */
const NAMES: Partial<Record<Dialect, string>> = {
  "openai-chat": "max_completion_tokens",
  "openai-completions": "max_tokens",
  "openai-responses": "max_output_tokens",
  "anthropic-messages": "max_tokens",
};

/** A request that named no end of its answer, with one: also where its own body is relayed. */
export function capOutput(request: GenerateRequest, maxTokens: number): GenerateRequest {
  const { source } = request;
  const name = source && NAMES[source.dialect];
  if (!source || name === undefined) return { ...request, maxTokens };
  return {
    ...request,
    maxTokens,
    source: { ...source, body: { ...source.body, [name]: maxTokens } },
  };
}
