import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { IncomingMessage } from "node:http";
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

export interface ModelsNeeds {
  readonly authorise: Authorise;
  /** The names that clients may ask for. */
  readonly names: () => readonly string[];
  /** Epoch milliseconds of the server's start: our models have no other birth. */
  readonly startedAt: number;
  readonly describe: () => Promise<z.infer<typeof ModelList>>;
}

/** OpenAI's model list, and our own with targets and engines. */
export function modelRoutes(app: FastifyInstance, needs: ModelsNeeds): void {
  const inference = (request: { raw: IncomingMessage }) =>
    needs.authorise(request.raw, "inference");
  const toModel = (id: string) => ({
    id,
    object: "model" as const,
    created: Math.floor(needs.startedAt / 1000),
    owned_by: "weir",
  });
  app.get(
    "/v1/models",
    { schema: { summary: "The models here", tag: "Inference", response: { 200: OpenAiModels } } },
    async (request) => {
      inference(request);
      return { object: "list", data: needs.names().map(toModel) };
    },
  );
  app.get<{ Params: { "*": string } }>(
    "/v1/models/*",
    { schema: { summary: "One model", tag: "Inference", response: { 200: OpenAiModel } } },
    async (request) => {
      inference(request);
      const name = request.params["*"];
      if (needs.names().includes(name)) return toModel(name);
      throw modelNotFound(name, needs.names());
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
      needs.authorise(request.raw, "admin");
      return needs.describe();
    },
  );
}
