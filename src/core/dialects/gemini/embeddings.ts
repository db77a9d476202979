import { z } from "zod";
import type { EmbedRequest, Usage } from "../../chat.ts";
import { readValue } from "../read-json.ts";
import { unsupported } from "../wishes.ts";
import { toModelPath } from "./upstream-body.ts";

/** The path of Gemini's embeddings, below a base such as `…/v1beta`. */
export function toEmbedPath({ model }: EmbedRequest): string {
  return `/${toModelPath(model)}:batchEmbedContents`;
}

/** The body for batchEmbedContents: one request a text. Throws unsupported_parameter for tokens. */
export function toEmbedBody({ model, input, dimensions }: EmbedRequest): Record<string, unknown> {
  return {
    requests: input.map((text) => {
      if (typeof text !== "string") {
        throw unsupported("input", "This model's provider takes texts, not tokens.");
      }
      return {
        model: toModelPath(model),
        content: { parts: [{ text }] },
        ...(dimensions !== undefined && { outputDimensionality: dimensions }),
      };
    }),
  };
}

const WireEmbeddings = z.looseObject({
  embeddings: z.array(z.looseObject({ values: z.array(z.number()) })),
  usageMetadata: z.looseObject({ promptTokenCount: z.number().nullish() }).nullish(),
});

/** Reads what batchEmbedContents answers. Older models do not say how many tokens it were. */
export function readEmbeddings(value: unknown): { vectors: number[][]; usage: Usage } {
  const { embeddings, usageMetadata } = readValue(WireEmbeddings, value);
  return {
    vectors: embeddings.map(({ values }) => values),
    usage: { inputTokens: usageMetadata?.promptTokenCount ?? 0, outputTokens: 0 },
  };
}
