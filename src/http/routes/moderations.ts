import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { newId } from "../../core/ids.ts";
import type { Authorise } from "../authorise.ts";

const Part = z.union([
  z.looseObject({ type: z.literal("text"), text: z.string() }),
  z.looseObject({ type: z.literal("image_url") }),
]);
export const ModerationBody = z.looseObject({
  input: z.union([z.string(), z.array(z.string()).min(1), z.array(Part).min(1)], {
    error: "expected input to be a text, a list of texts, or a list of parts",
  }),
  model: z.string().nullish(),
});
type ModerationBody = z.infer<typeof ModerationBody>;
const Result = z.object({
  flagged: z.boolean(),
  categories: z.record(z.string(), z.boolean()),
  category_scores: z.record(z.string(), z.number()),
  category_applied_input_types: z.record(z.string(), z.array(z.string())),
});
const Moderation = z.object({ id: z.string(), model: z.string(), results: z.array(Result) });

export interface ModerationsNeeds {
  readonly authorise: Authorise;
  /** By category, 0 to 1. */
  readonly moderate: (text: string) => Readonly<Record<string, number>>;
  readonly maxBodyBytes: number;
}

/** What counts as seen: the guard's own detectors are surer than this, or silent. */
const FLAGGED_FROM = 0.5;

/**
 * OpenAI's moderations, answered by the guard: OpenAI's categories, and injection, jailbreak, secrets and
 * pii beside them. What each rests on says `models/guard/guard.md`.
 */
export function moderationRoutes(app: FastifyInstance, needs: ModerationsNeeds): void {
  app.post<{ Body: ModerationBody }>(
    "/v1/moderations",
    {
      bodyLimit: needs.maxBodyBytes,
      schema: {
        summary: "What the guard sees in texts",
        tag: "Inference",
        body: ModerationBody,
        response: { 200: Moderation },
      },
    },
    (request) => {
      needs.authorise(request.raw, "inference");
      const results = textsOf(request.body.input).map((text) => toResult(needs.moderate(text)));
      return { id: newId("modr-"), model: "weir-guard", results };
    },
  );
}

/** One result a text; parts are judged together, as OpenAI does. Pictures are not looked at. */
function textsOf(input: ModerationBody["input"]): string[] {
  if (typeof input === "string") return [input];
  const texts = input.filter((one) => typeof one === "string");
  if (texts.length === input.length) return texts;
  return [
    input.map((part) => (typeof part === "object" && "text" in part ? part.text : "")).join("\n"),
  ];
}

function toResult(scores: Readonly<Record<string, number>>): z.infer<typeof Result> {
  const entries = Object.entries(scores);
  return {
    flagged: entries.some(([, score]) => score >= FLAGGED_FROM),
    categories: Object.fromEntries(entries.map(([name, score]) => [name, score >= FLAGGED_FROM])),
    category_scores: scores,
    category_applied_input_types: Object.fromEntries(entries.map(([name]) => [name, ["text"]])),
  };
}
