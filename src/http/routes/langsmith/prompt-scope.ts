import type { FastifyRequest } from "fastify";
import type { Place } from "../../../watch/langsmith/prompt.ts";
import type { Asker, Prompts } from "../../../watch/langsmith/prompts.ts";
import type { Authorise } from "../../authorise.ts";
import { pathText } from "./data-scope.ts";

export interface PromptRoutesNeeds {
  readonly authorise: Authorise;
  readonly prompts: Prompts;
}

export type AskerOf = (request: FastifyRequest) => Asker;

/** The prompt that an address names. */
export function placeOf(request: FastifyRequest): Place {
  return { owner: pathText(request, "owner"), repo: pathText(request, "repo") };
}
