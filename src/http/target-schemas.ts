import { z } from "zod";

/** What the router knows of a target: part of GET /admin/v1/models. */
export const TargetRouting = z.object({
  breaker: z
    .enum(["closed", "open", "half-open"])
    .describe("open: it failed, and is spared; half-open: the next call probes it"),
  isDrained: z.boolean().describe("an operator took it out: it gets no new calls"),
  inFlight: z.number(),
  waitingPromptTokens: z.number().describe("of prompts sent there that have no answer yet"),
  firstContentMs: z
    .number()
    .nullable()
    .describe("the last peak of its time to first content, fading over 10 s"),
  tokensPerSecond: z.number().nullable().describe("of one stream"),
  attempts: z.number().describe("since the server's start"),
  failures: z.number(),
  lastError: z.string().nullable(),
  lastErrorAt: z.number().nullable(),
  tags: z.array(z.string()),
  concurrency: z.number().nullable().describe("the most calls at the same time"),
});

/** How a model's calls find their target. */
export const ModelRouting = z.object({
  strategy: z.string(),
  waiting: z.number().describe("calls for which no target has room"),
  shadow: z.string().nullable().describe("the target that gets copies"),
});
