import { responsesUpstream, speaksResponses } from "../../core/dialects/responses/upstream.ts";
import type { ProviderWire } from "./http-provider.ts";
import { openAiWire } from "./openai-wire.ts";

/** OpenAI itself: clients of the Responses API reach it by that, all others by chat completions. */
export function openAiOwnWire(base: string): ProviderWire {
  const wire = openAiWire("openai", base);
  return {
    ...wire,
    generation: (request) =>
      speaksResponses(request) ? { dialect: responsesUpstream, base } : wire.generation(request),
  };
}
