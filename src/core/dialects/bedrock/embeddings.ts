import { z } from "zod";
import type { EmbedRequest, Usage } from "../../chat.ts";
import { readValue } from "../read-json.ts";
import { unsupported } from "../wishes.ts";

/** Embeddings by Bedrock's InvokeModel, whose body is each vendor's own: Amazon's and Cohere's. */

type Fields = Readonly<Record<string, unknown>>;

/** Below the endpoint of a region. */
export function toEmbedPath({ model }: EmbedRequest): string {
  return `/model/${encodeURIComponent(model)}/invoke`;
}

/** One body a call: Titan takes a single text in each, Cohere all of them in one. */
export function toEmbedBodies({ model, input, dimensions }: EmbedRequest): Fields[] {
  const texts = input.map((text) => {
    if (typeof text === "string") return text;
    throw unsupported("input", "This model's provider takes texts, not tokens.");
  });
  if (!/cohere/i.test(model)) {
    const more = dimensions !== undefined && { dimensions };
    return texts.map((inputText) => ({ inputText, ...more }));
  }
  return [
    {
      texts,
      // Cohere asks what for; these are the vectors that go into an index.
      input_type: "search_document",
      embedding_types: ["float"],
      ...(dimensions !== undefined && { output_dimension: dimensions }),
    },
  ];
}

const Vector = z.array(z.number());
const WireEmbeddings = z.looseObject({
  embedding: Vector.nullish(),
  embeddings: z.union([z.array(Vector), z.looseObject({ float: z.array(Vector) })]).nullish(),
  inputTextTokenCount: z.number().nullish(),
});

/** Reads the answer to one of those bodies. Cohere's does not say how many tokens it were. */
export function readEmbeddings(value: unknown): { vectors: number[][]; usage: Usage } {
  const { embedding, embeddings, inputTextTokenCount } = readValue(WireEmbeddings, value);
  const many = Array.isArray(embeddings) ? embeddings : embeddings?.float;
  return {
    vectors: many ?? (embedding ? [embedding] : []),
    usage: { inputTokens: inputTextTokenCount ?? 0, outputTokens: 0 },
  };
}
