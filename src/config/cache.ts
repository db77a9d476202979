import { z } from "zod";
import { duration } from "./fields.ts";

const Semantic = z.strictObject({
  threshold: z
    .number()
    .min(0.5)
    .max(1)
    .default(0.97)
    .describe(
      "How alike two questions must be, 0 to 1. The default was measured for the built-in comparison (docs/guide/serve/caching.md); an embedding model needs a measurement of its own.",
    ),
  embeddings: z
    .string()
    .default("built-in")
    .describe("A model of this file that makes embeddings, or the built-in comparison of words."),
  entries: z.int().min(1).max(100_000).default(2_000).describe("Kept for comparison, of a model."),
});

/** `models.NAME.cache`: answers that are given again. */
export const ModelCache = z
  .strictObject({
    ttl: duration("10m").describe("How long an answer is given again."),
    scope: z
      .enum(["tenant", "key", "user"])
      .default("tenant")
      .describe("Who shares answers. They never cross tenants."),
    sampled: z
      .boolean()
      .default(true)
      .describe("Also answers to calls with a temperature above 0, which would differ each time."),
    semantic: Semantic.optional().describe(
      "Also gives the answer to a question that is nearly the same. Off unless set.",
    ),
  })
  .optional()
  .describe("Off unless set: an identical call is answered from memory, or from Redis.");
export type ModelCacheConfig = NonNullable<z.infer<typeof ModelCache>>;

/** `cache`: where answers are kept. */
export const Cache = z
  .strictObject({
    maxMiB: z.number().positive().max(65_536).default(64).describe("In memory; the oldest go."),
    maxAnswerKiB: z.int().min(1).max(65_536).default(512).describe("Longer answers are not kept."),
  })
  .prefault({})
  .describe("Where models with a `cache` keep answers: here, and in Redis where there is one.");
