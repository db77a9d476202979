import { z } from "zod";
import { duration, optionalDuration, share } from "./fields.ts";

/** How a model's calls find their target: the keys of one model beside `targets`. */

export const STRATEGIES = ["least-busy", "weighted", "latency", "cost", "prefix"] as const;
export type Strategy = (typeof STRATEGIES)[number];

const Retry = z.strictObject({
  rounds: z
    .int()
    .min(1)
    .max(10)
    .default(1)
    .describe("How often all targets may be tried in turn, with a growing pause between rounds."),
  pause: duration("250ms").describe("Before the second round; doubled for each further one."),
  longestPause: duration("5s").describe("A target that asks for a longer wait is not waited for."),
  budget: share("100%").describe(
    "Attempts beyond the first, as a share of this model's calls of the last 10 s (100 are always allowed): failing targets must not multiply the load.",
  ),
});

const Breaker = z.strictObject({
  failures: z.int().min(1).default(3).describe("So many in a row open it."),
  share: share("50%").describe("Or this share of the last 20 attempts."),
  pause: duration("5s").describe("Then one attempt may probe; a failed one doubles the pause."),
  longestPause: duration("1m"),
});

const Queue = z.strictObject({
  wait: duration("1m").describe("The longest a call waits for room at a target; then 429."),
  calls: z.int().min(1).default(1000).describe("More waiting calls than that get a 429 at once."),
  promptTokens: z
    .union([z.int().min(1), z.literal("off")])
    .default(512)
    .describe(
      "A self-hosted target gets its next prompt only while fewer tokens wait there for their first answer.",
    ),
  large: z
    .int()
    .min(1)
    .default(4096)
    .describe("Prompts from so many tokens on queue in a lane of their own."),
});

const Hedge = z.strictObject({
  after: z
    .union([z.literal("p95"), duration("1s")])
    .default("p95")
    .describe("A call without content after this time is also sent to another target."),
  budget: share("5%").describe("The most hedged calls, as a share of all."),
});

export const Routing = z
  .strictObject({
    strategy: z
      .enum(STRATEGIES)
      .default("least-busy")
      .describe(
        "least-busy: by running calls per weight. weighted: by weight alone. latency: by time to first content. cost: the cheapest. prefix: where the start of the prompt was seen before, unless that target is too busy.",
      ),
    sticky: z
      .enum(["user", "session", "key"])
      .optional()
      .describe("Calls of one user, session (x-weir-session) or key stay with one target."),
    balance: z
      .number()
      .min(1)
      .max(10)
      .default(1.25)
      .describe(
        "A preferred target may be so much busier than the average before it is passed by.",
      ),
    retry: Retry.prefault({}),
    breaker: Breaker.prefault({}),
    queue: Queue.prefault({}),
    hedge: Hedge.optional().describe("Off unless set."),
    continue: z
      .boolean()
      .default(false)
      .describe("A stream that breaks off goes on at another self-hosted target."),
    deadline: optionalDuration.describe("The longest a whole call may take, waiting included."),
  })
  .prefault({});
export type RoutingConfig = z.infer<typeof Routing>;
