import { z } from "zod";
import { DIMENSIONS } from "../core/run-query.ts";

/** Reports of cost and tokens. Times are epoch milliseconds, money nano-dollars, periods UTC. */

const Text = z.string().optional();

/** Epoch milliseconds, or a date such as 2026-03-31 or 2026-03-31T12:00:00Z. */
const moment = z
  .string()
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : Date.parse(text)))
  .refine((at) => Number.isFinite(at), {
    error: "expected epoch milliseconds, or a date such as 2026-03-31",
  })
  .optional();

const Window = {
  from: moment.describe(
    "the start, widened to a whole hour; the first of this month where it is left out",
  ),
  to: moment.describe("the end, widened to a whole hour; now where it is left out"),
  tenant: Text,
};

const by = z
  .string()
  .default("")
  .transform((text) => text.split(",").filter((word) => word !== ""))
  .pipe(
    z
      .array(z.enum(DIMENSIONS, { error: `expected one of ${DIMENSIONS.join(", ")}` }))
      .max(2, "at most two dimensions"),
  )
  .describe(`at most two of ${DIMENSIONS.join(", ")}, with a comma between`);

const conditions = Object.fromEntries(DIMENSIONS.map((name) => [name, Text])) as Record<
  (typeof DIMENSIONS)[number],
  typeof Text
>;

export const CostQuery = z.strictObject({
  ...conditions,
  ...Window,
  by,
  bucket: z.enum(["hour", "day", "week", "month"]).optional().describe("one row each; else one"),
  format: z.enum(["json", "csv"]).default("json"),
});
export type CostQuery = z.infer<typeof CostQuery>;

const Tokens = {
  inputTokens: z.number().describe("with cached, cache-write, image and audio ones"),
  outputTokens: z.number().describe("with reasoning"),
  cachedTokens: z.number(),
  cacheWriteTokens: z.number(),
  reasoningTokens: z.number(),
  imageTokens: z.number(),
  audioTokens: z.number(),
};

const Row = z.object({
  ...Tokens,
  runs: z.number(),
  errors: z.number(),
  requests: z.number().describe("runs that tell their tokens: averages are of these"),
  unpriced: z.number().describe("runs with tokens and no known price"),
  costNanos: z.number(),
  apiCostNanos: z.number().describe("of it, what vendors bill"),
  infraCostNanos: z.number().describe("of it, the busy time of machines of one's own"),
  inputCostNanos: z.number(),
  outputCostNanos: z.number(),
  perRequest: z.object({ ...Tokens, costNanos: z.number(), totalTokens: z.number() }),
});

export const CostReport = z.object({
  from: z.number(),
  to: z.number(),
  by: z.array(z.enum(DIMENSIONS)),
  bucket: z.enum(["hour", "day", "week", "month"]).nullable(),
  rows: z.array(
    Row.extend({
      at: z.number().describe("the period's start"),
      values: z.array(z.string()).describe("in the order of `by`; empty where a run has none"),
      labels: z.array(z.string()).describe("names of projects, keys and tenants; else the values"),
    }),
  ),
  total: Row.describe("of everything once: a run counts in each of its tags"),
  machines: z
    .array(
      z.object({
        model: z.string(),
        target: z.string(),
        hourlyNanos: z.number(),
        hours: z
          .number()
          .describe("from the hour of its first call in the window to the window's end, or now"),
        billNanos: z.number().describe("hours × hourlyNanos"),
        busyNanos: z.number().describe("of it, what calls were charged"),
        idleNanos: z.number(),
      }),
    )
    .describe("machines of one's own: what they cost, busy and idle"),
  idleCostNanos: z.number().describe("in no row: nobody's calls caused it"),
});
export type CostReport = z.infer<typeof CostReport>;

export const ForecastQuery = z.strictObject({ tenant: Text });
export const CostForecast = z.object({
  month: z.number(),
  spentNanos: z.number(),
  expectedNanos: z.number(),
  lowNanos: z.number(),
  highNanos: z.number(),
  days: z.number().describe("full days that it was made from"),
  method: z.string(),
});
export type CostForecast = z.infer<typeof CostForecast>;

export const AdviceQuery = z.strictObject(Window);
export const CostAdvice = z.object({
  from: z.number(),
  to: z.number(),
  costNanos: z.number(),
  runs: z.number().describe("the newest ones, whose inputs were compared"),
  advice: z
    .array(
      z.object({
        kind: z.enum(["cache", "shorter_answers", "cheaper_model"]),
        dimension: z.enum(["promptVersion", "route", "model"]),
        value: z.string(),
        costNanos: z.number(),
        savingNanos: z.number(),
        advice: z.string(),
        arithmetic: z.string(),
        model: z.string().nullable().describe("the cheaper one"),
      }),
    )
    .describe("the largest saving first; savings overlap"),
});
export type CostAdvice = z.infer<typeof CostAdvice>;

export const PreviewQuery = z.strictObject({
  ...Window,
  on: z.string().min(1).describe("the model to ask the price of"),
  provider: Text.describe("its vendor, where the name alone does not say it"),
});
export const CostPreview = z.object({
  from: z.number(),
  to: z.number(),
  costNanos: z.number().describe("what it cost"),
  previewNanos: z.number().describe("what the same tokens would have cost there"),
  priceVersion: z.string(),
  rows: z.array(
    z.object({
      model: z.string(),
      requests: z.number(),
      costNanos: z.number(),
      previewNanos: z.number(),
    }),
  ),
});
export type CostPreview = z.infer<typeof CostPreview>;
