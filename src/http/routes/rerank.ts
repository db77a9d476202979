import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { newId } from "../../core/ids.ts";
import type { SideCalls } from "../../serve/gateway/side-calls.ts";
import type { Authorise } from "../authorise.ts";
import { asking } from "../side-context.ts";

const Document = z.union([z.string(), z.looseObject({ text: z.string() })]);
export const RerankBody = z.looseObject({
  model: z.string().min(1),
  query: z.string().min(1, "query must not be empty"),
  documents: z.array(Document).min(1).max(1000),
  top_n: z.int().min(1).nullish(),
  return_documents: z.boolean().nullish(),
});
type RerankBody = z.infer<typeof RerankBody>;
const Ranking = z.object({
  id: z.string(),
  model: z.string(),
  results: z.array(
    z.object({
      index: z.number(),
      relevance_score: z.number(),
      document: z.object({ text: z.string() }).optional(),
    }),
  ),
  usage: z.object({ prompt_tokens: z.number(), total_tokens: z.number() }),
});

export interface RerankNeeds {
  readonly authorise: Authorise;
  readonly sideCalls: Pick<SideCalls, "rerank">;
  readonly maxBodyBytes: number;
}

/** Documents in the order of their worth for a query, in the form that Cohere and Jina made common. */
export function rerankRoutes(
  app: FastifyInstance,
  { authorise, sideCalls, maxBodyBytes }: RerankNeeds,
): void {
  for (const url of ["/v1/rerank", "/v2/rerank"]) {
    app.post<{ Body: RerankBody }>(
      url,
      {
        bodyLimit: maxBodyBytes,
        schema: {
          summary: "Rank documents by their worth for a query",
          tag: "Inference",
          body: RerankBody,
          response: { 200: Ranking },
        },
      },
      async (request, reply) => {
        const { context, signal } = asking(authorise, request, reply);
        const { model, query, top_n: topN, return_documents: returns } = request.body;
        const documents = request.body.documents.map((one) =>
          typeof one === "string" ? one : one.text,
        );
        const asked = { model, query, documents, ...(topN != null && { topN }) };
        const { results, usage } = await sideCalls.rerank(asked, context, signal);
        return {
          id: newId("rerank-"),
          model,
          results: results.slice(0, topN ?? results.length).map(({ index, score }) => ({
            index,
            relevance_score: score,
            ...(returns && { document: { text: documents[index] ?? "" } }),
          })),
          usage: { prompt_tokens: usage.inputTokens, total_tokens: usage.inputTokens },
        };
      },
    );
  }
}
