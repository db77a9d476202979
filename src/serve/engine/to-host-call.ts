import type { GenerateRequest } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import type { ChatTemplate } from "./chat-template.ts";
import { ANY_JSON_GRAMMAR, jsonSchemaToGrammar } from "./json-schema-to-grammar.ts";
import type { HostCall, PromptPart } from "./messages.ts";
import { toolGrammar } from "./tool-grammar.ts";

const MOST_ANSWERS = 128;
const MOST_LOGPROBS = 20;

/** A request as the host takes it: prompt rendered, schema turned into a grammar, limits checked. */
export function toHostCall(id: number, request: GenerateRequest, template: ChatTemplate): HostCall {
  checkWhole("n", request.n, { from: 1, to: MOST_ANSWERS });
  checkWhole("max_tokens", request.maxTokens, { from: 0, to: Number.MAX_SAFE_INTEGER });
  checkWhole("top_logprobs", request.topLogprobs, { from: 0, to: MOST_LOGPROBS });
  return {
    id,
    prompt: promptOf(request, template),
    n: request.n,
    maxTokens: request.maxTokens,
    stop: request.stop,
    sampling: request.sampling,
    topLogprobs: request.topLogprobs,
    grammar: grammarOf(request, template),
  };
}

function promptOf(request: GenerateRequest, template: ChatTemplate): PromptPart[] {
  if (request.kind === "chat") return template.render(request);
  return [{ text: request.prompt, plain: false }];
}

function grammarOf(request: GenerateRequest, { form }: ChatTemplate): string | undefined {
  const { grammar, responseFormat } = request;
  if (grammar !== undefined) return grammar;
  const forced = request.kind === "chat" ? toolGrammar(request, form) : undefined;
  if (forced !== undefined) return forced;
  if (responseFormat?.type === "json_object") return ANY_JSON_GRAMMAR;
  if (responseFormat?.type !== "json_schema") return undefined;
  return jsonSchemaToGrammar(responseFormat.schema, "response_format.json_schema.schema");
}

function checkWhole(
  param: string,
  value: number | undefined,
  { from, to }: { from: number; to: number },
): void {
  if (value === undefined || (Number.isInteger(value) && value >= from && value <= to)) return;
  const range = to === Number.MAX_SAFE_INTEGER ? `${from} or more` : `${from} to ${to}`;
  throw new WeirError("invalid_request", `${param} must be a whole number, ${range}.`, { param });
}
