import { z } from "zod";
import { dollars } from "./fields.ts";

/** Prices of weir.yaml, for models that the built-in list lacks, or that cost something else here. */

const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, { error: "expected a day such as 2026-03-31" })
  .refine((text) => !Number.isNaN(Date.parse(text)), { error: "there is no such day" })
  .transform((text) => Date.parse(text));

const OwnPrice = z.strictObject({
  model: z
    .string()
    .min(1)
    .describe("A model's name as runs and targets say it; `*` stands for any characters."),
  provider: z.string().min(1).optional().describe("Only with this provider; `*` as above."),
  input: dollars.describe("For a million prompt tokens."),
  cachedInput: dollars.optional().describe("Of these, found in a cache. Default: as input."),
  cacheWrite: dollars.optional().describe("Of these, put into a cache. Default: as input."),
  image: dollars.optional().describe("Of these, of pictures. Default: as input."),
  audio: dollars.optional().describe("Of these, of sound. Default: as input."),
  output: dollars.default(0).describe("For a million generated tokens."),
  reasoning: dollars.optional().describe("Of these, of thoughts. Default: as output."),
  from: day.optional().describe("The UTC day from which on it holds. Default: always."),
});
export type OwnPrice = z.infer<typeof OwnPrice>;

export const Prices = z
  .array(OwnPrice)
  .default([])
  .describe(
    "What tokens cost, over the built-in price list; a target's own `price` stands over both. Of several that fit, the one with the most exact name counts, then the latest `from`. Runs keep the price that they were given.",
  );
