import { z } from "zod";
import type { Usage } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { WireUsage, toUsage } from "./upstream-answer.ts";

/** Embeddings of servers that speak OpenAI's dialect. Pure. */

const WireEmbeddings = z.looseObject({
  data: z.array(
    z.looseObject({ index: z.number(), embedding: z.union([z.array(z.number()), z.string()]) }),
  ),
  usage: WireUsage.nullish(),
});

export function parseUpstreamEmbeddings(value: unknown): { vectors: number[][]; usage: Usage } {
  const result = WireEmbeddings.safeParse(value);
  if (!result.success) {
    throw new WeirError("provider_failed", "The upstream's embeddings have an unknown shape.", {
      cause: result.error,
    });
  }
  const { data, usage } = result.data;
  const vectors = data
    .toSorted((a, b) => a.index - b.index)
    .map(({ embedding }) => toNumbers(embedding));
  return { vectors, usage: usage ? toUsage(usage) : { inputTokens: 0, outputTokens: 0 } };
}

/** `base64` is little-endian float32, for a client that asked for it. */
function toNumbers(embedding: readonly number[] | string): number[] {
  if (typeof embedding !== "string") return [...embedding];
  const bytes = Buffer.from(embedding, "base64");
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}
