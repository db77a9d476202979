import { z } from "zod";
import type { EmbedRequest, Usage } from "../../chat.ts";
import { count } from "./options.ts";

/** `/v1/embeddings`, both ways. Pure. */

export const EmbeddingBody = z.looseObject({
  model: z.string().min(1),
  input: z.union([
    z.string().min(1, "input must not be empty"),
    z.array(z.string().min(1, "input must not be empty")).min(1).max(2048),
    z.array(z.int()).min(1),
    z.array(z.array(z.int()).min(1)).min(1).max(2048),
  ]),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: count("dimensions").nullish(),
  user: z.string().nullish(),
});
export type EmbeddingBody = z.infer<typeof EmbeddingBody>;

export function toEmbedRequest(body: EmbeddingBody): EmbedRequest {
  const { input, dimensions, model, encoding_format: _, user: __, ...extra } = body;
  const many = typeof input === "string" || typeof input[0] === "number" ? [input] : input;
  return {
    kind: "embedding",
    model,
    input: many as (string | number[])[], // the schema admits no other mixture
    ...(dimensions != null && { dimensions }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

/** The body of an embeddings answer; `base64` is little-endian float32, as OpenAI's clients ask. */
export function formatEmbeddings(
  model: string,
  vectors: readonly (readonly number[] | Float32Array)[],
  { inputTokens }: Usage,
  encoding: "float" | "base64",
): string {
  return JSON.stringify({
    object: "list",
    data: vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding:
        encoding === "float"
          ? Array.from(vector)
          : Buffer.from(Float32Array.from(vector).buffer).toString("base64"),
    })),
    model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  });
}
