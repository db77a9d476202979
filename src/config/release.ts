import { z } from "zod";
import { duration, share } from "./fields.ts";
import { Guard } from "./guard.ts";
import { TargetConfig } from "./targets.ts";

/** How a model's next version takes over: `prompt`, `sampling` and `release` beside its targets. */

export const SamplingConfig = z
  .strictObject({
    temperature: z.number().min(0).max(2).optional(),
    topP: z.number().gt(0).max(1).optional(),
    topK: z.int().min(1).optional(),
    frequencyPenalty: z.number().min(-2).max(2).optional(),
    presencePenalty: z.number().min(-2).max(2).optional(),
    seed: z.int().optional(),
    maxTokens: z.int().min(1).optional(),
    stop: z.array(z.string().min(1)).max(8).optional(),
  })
  .optional()
  .describe("What holds where a request says nothing else.");
export type SamplingConfig = z.infer<typeof SamplingConfig>;

export const PromptConfig = z
  .string()
  .min(1)
  .max(100_000)
  .optional()
  .describe("A system prompt of the model's own. It stands before whatever a client says.");

const CandidateFields = z
  .strictObject({
    targets: z.array(TargetConfig).min(1).optional(),
    prompt: PromptConfig,
    sampling: SamplingConfig,
    guard: Guard.optional().describe("A whole policy: `guard:` of this file does not add to it."),
  })
  .refine((candidate) => Object.keys(candidate).length > 0, {
    error: "a candidate differs in something: targets, prompt, sampling or guard",
  });

/** One target may be written as itself: `candidate: { provider: vllm, … }`. */
const Candidate = z.preprocess(
  (value) =>
    typeof value === "object" && value !== null && "provider" in value
      ? { targets: [value] }
      : value,
  CandidateFields,
);

const MARKS = [
  "errors",
  "schema",
  "refusals",
  "guard",
  "aborts",
  "ttft",
  "itl",
  "length",
  "cost",
  "judge",
] as const;

const STAGE = { error: "expected shadow, shadow 300 (copies), or a share such as 5%" };
const DEFAULT_PAIRS = 100;

const Stage = z
  .string(STAGE)
  .regex(/^(shadow(\s+\d{1,6})?|\d+(\.\d+)?%)$/, STAGE)
  .transform((text) => {
    if (!text.startsWith("shadow")) {
      return { kind: "share" as const, share: Number(text.slice(0, -1)) / 100 };
    }
    return { kind: "shadow" as const, pairs: Number(text.slice(6)) || DEFAULT_PAIRS };
  });
type Stage = z.infer<typeof Stage>;

const Tolerate = z
  .strictObject({
    errors: share("0%"),
    schema: share("0%"),
    refusals: share("25%"),
    guard: share("25%"),
    aborts: share("25%"),
    ttft: share("20%"),
    itl: share("20%"),
    length: share("30%"),
    cost: share("15%"),
    judge: share("10%"),
  })
  .prefault({})
  .describe("How much worse than stable each may be without speaking against the candidate.");

const Promote = z
  .strictObject({
    missWorseThan: z
      .number()
      .min(1.1)
      .max(20)
      .default(1.6)
      .describe("A candidate that is so many times worse in anything must not be promoted …"),
    risk: share("5%").describe("… with more than this probability."),
    maxExposed: z
      .int()
      .min(1)
      .default(20_000)
      .describe("Units of traffic that may see an undecided candidate."),
    maxDuration: duration("6h").describe("How long it may stay undecided."),
    onInconclusive: z
      .enum(["hold", "promote"])
      .default("hold")
      .describe("hold: all traffic goes to stable, and an operator decides."),
  })
  .prefault({});

const Never = z
  .strictObject({
    consecutiveErrors: z.int().min(2).default(10),
    crashLoops: z.int().min(1).default(2).describe("Deaths of the candidate's engine."),
    guardCritical: z
      .int()
      .min(1)
      .default(3)
      .describe("Answers that the guard stopped, while none of stable's was."),
  })
  .prefault({})
  .describe("Rolls back at once, whatever the evidence says.");

export const Release = z
  .strictObject({
    candidate: Candidate,
    stages: z
      .array(Stage)
      .min(1)
      .prefault(["shadow", "1%", "5%", "25%", "50%"])
      .describe(
        "What it goes through: shadow answers copies that nobody sees, a share is of the traffic. Each is left when the evidence has earned it.",
      ),
    unit: z
      .enum(["session", "call"])
      .default("session")
      .describe("What is given to one side as a whole: x-weir-session, or else the user."),
    falseRollback: share("5%").describe(
      "The probability, at most, with which a good candidate is ever rolled back.",
    ),
    tolerate: Tolerate,
    promote: Promote,
    never: Never,
    marks: z
      .array(z.enum(MARKS))
      .min(1)
      .prefault(MARKS.filter((mark) => mark !== "judge"))
      .describe(
        "What is judged. The fewer, the sooner each is decided. judge waits for scores of calls, which a judge of yours sends to /admin/v1/releases/scores.",
      ),
    judgeBudget: z
      .int()
      .min(2)
      .default(2000)
      .describe("The most calls that the judge is asked to score, half of them stable's."),
    warmUp: duration("30s").describe("Latency is not judged so long."),
    session: duration("30s").describe("So long a session's calls count, together and once."),
    giveUp: duration("5m").describe(
      "A call that has not ended by then has failed: longer than your longest answers.",
    ),
  })
  .superRefine(({ stages, falseRollback, promote }, context) => {
    const issue = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    for (const [at, stage] of stages.entries()) {
      const fault = stageFault(stage, stages[at - 1], at);
      if (fault !== undefined) issue(["stages", at], fault);
    }
    if (stages.every(({ kind }) => kind === "shadow")) {
      issue(["stages"], "at least one share is needed, as 10%: copies alone promote nothing");
    }
    for (const [path, chance] of [
      [["falseRollback"], falseRollback],
      [["promote", "risk"], promote.risk],
    ] as const) {
      if (chance <= 0 || chance > 0.5) issue([...path], "expected more than 0% and at most 50%");
    }
  })
  .optional()
  .describe("A candidate for this model, taken over by evidence or rolled back.");
export type ReleaseConfig = NonNullable<z.infer<typeof Release>>;

function stageFault(stage: Stage, before: Stage | undefined, at: number): string | undefined {
  if (stage.kind === "shadow") return at === 0 ? undefined : "shadow comes first";
  if (stage.share <= 0 || stage.share > 0.9) return "a share is more than 0% and at most 90%";
  if (before?.kind === "share" && before.share >= stage.share) return "shares grow";
  return undefined;
}
