import { z } from "zod";
import type { CompletionRequest } from "../../chat.ts";
import { Format, toFormat } from "./response-format.ts";
import { type Mutable, OptionFields, toOptions } from "./options.ts";

/** The body of `/v1/completions`, checked, and its canonical form. Pure. */

export const CompletionBody = z.looseObject({
  ...OptionFields,
  prompt: z.union([z.string(), z.tuple([z.string()])], {
    error: "expected prompt to be one string; send several prompts as several requests",
  }),
  echo: z.boolean().nullish(),
  logprobs: z.int().min(0).max(20).nullish(),
  response_format: Format.nullish().describe("not OpenAI's here: vLLM's, and others'"),
});
export type CompletionBody = z.infer<typeof CompletionBody>;

const KNOWN = new Set(Object.keys(CompletionBody.shape));
/** This endpoint's documented default. */
const DEFAULT_MAX_TOKENS = 16;

export function toCompletionRequest(body: CompletionBody): CompletionRequest {
  const most = body.max_tokens ?? DEFAULT_MAX_TOKENS;
  const request: Mutable<CompletionRequest> = {
    kind: "completion",
    ...toOptions(body, "openai-completions", most, KNOWN),
    prompt: typeof body.prompt === "string" ? body.prompt : body.prompt[0],
    echo: body.echo ?? false,
  };
  if (body.logprobs != null) request.topLogprobs = body.logprobs;
  if (body.response_format) request.responseFormat = toFormat(body.response_format);
  return request;
}
