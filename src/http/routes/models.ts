import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { IncomingMessage } from "node:http";
import { mayUse } from "../../core/access.ts";
import { modelNotFound } from "../../core/errors.ts";
import { ModelList } from "../admin-schemas.ts";
import type { Authorise } from "../authorise.ts";

const OpenAiModel = z.object({
  id: z.string(),
  object: z.literal("model"),
  created: z.number(),
  owned_by: z.string(),
});
const OpenAiModels = z.object({ object: z.literal("list"), data: z.array(OpenAiModel) });
const AnthropicModel = z.object({
  type: z.literal("model"),
  id: z.string(),
  display_name: z.string(),
  created_at: z.string(),
});
const AnthropicModels = z.object({
  data: z.array(AnthropicModel),
  has_more: z.boolean(),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
});
const Models = z.union([OpenAiModels, AnthropicModels]);
const Model = z.union([OpenAiModel, AnthropicModel]);

export interface ModelsNeeds {
  readonly authorise: Authorise;
  /** The names that clients may ask for. */
  readonly names: () => readonly string[];
  /** Epoch milliseconds of the server's start: our models have no other birth. */
  readonly startedAt: number;
  readonly describe: () => Promise<z.infer<typeof ModelList>>;
}

/** Both vendors ask at the same path; Anthropic's clients always say their version. */
function isAnthropics({ raw }: { raw: IncomingMessage }): boolean {
  return raw.headers["anthropic-version"] !== undefined;
}

/** OpenAI's and Anthropic's model lists, and our own with targets and engines. */
export function modelRoutes(app: FastifyInstance, needs: ModelsNeeds): void {
  /** What is not for this key is not there for it. */
  const usable = (request: { raw: IncomingMessage }) => {
    const caller = needs.authorise(request.raw, "inference");
    return needs.names().filter((name) => mayUse(caller, name));
  };
  const toModel = (id: string) => ({
    id,
    object: "model" as const,
    created: Math.floor(needs.startedAt / 1000),
    owned_by: "weir",
  });
  const toAnthropicModel = (id: string) => ({
    type: "model" as const,
    id,
    display_name: id,
    created_at: new Date(needs.startedAt).toISOString(),
  });
  app.get(
    "/v1/models",
    { schema: { summary: "The models here", tag: "Inference", response: { 200: Models } } },
    async (request) => {
      const names = usable(request);
      if (!isAnthropics(request)) return { object: "list", data: names.map(toModel) };
      const data = names.map(toAnthropicModel);
      const ends = { first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null };
      return { data, has_more: false, ...ends };
    },
  );
  app.get<{ Params: { "*": string } }>(
    "/v1/models/*",
    { schema: { summary: "One model", tag: "Inference", response: { 200: Model } } },
    async (request) => {
      const names = usable(request);
      const name = request.params["*"];
      if (names.includes(name)) {
        return isAnthropics(request) ? toAnthropicModel(name) : toModel(name);
      }
      throw modelNotFound(name, names);
    },
  );
  app.get(
    "/admin/v1/models",
    {
      schema: {
        summary: "Models, targets and engines",
        tag: "Admin",
        response: { 200: ModelList },
      },
    },
    async (request) => {
      needs.authorise(request.raw, "viewer");
      return needs.describe();
    },
  );
}
