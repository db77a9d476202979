import { z } from "zod";
import { TOLERANCES } from "../ship/rollout/marks.ts";

/** Releases in `/admin/v1/releases`. Times are epoch milliseconds, shares 0 to 1. Fields are only ever added. */

const Tally = z.object({ marked: z.number(), units: z.number() });

const Mark = z.object({
  name: z.string(),
  meaning: z.string().describe("what it says of a unit that has it"),
  weight: z.number().describe("its share of the bound"),
  tolerance: z.number(),
  against: z.number().describe("its e-value against the candidate"),
  passes: z.array(z.number()).describe("by step: its e-value that the candidate is not too bad"),
  isAwaited: z.boolean(),
  stable: Tally,
  candidate: Tally,
});

export const ReleaseView = z.object({
  model: z.string(),
  id: z.string(),
  stable: z.string(),
  candidate: z.string(),
  phase: z.enum(["running", "promoted", "rolled-back", "inconclusive"]),
  isPaused: z.boolean(),
  stage: z.number().describe("the place in `stages`"),
  stages: z.array(z.object({ name: z.string(), share: z.number() })),
  share: z.number().describe("of the units that the candidate gets now"),
  why: z.string().describe("of the last turn"),
  notes: z.array(z.string()).describe("what it waits for"),
  begunAt: z.number(),
  changedAt: z.number(),
  heardAt: z.number().nullable().describe("when a unit was last judged"),
  elapsedMs: z.number(),
  exposed: z.number().describe("units of the candidate's that users saw"),
  maxExposed: z.number(),
  maxDurationMs: z.number(),
  pairs: z.number().describe("copies that nobody saw"),
  controls: z.number().describe("units of stable's that it is compared with"),
  against: z.number().describe("the e-value against the candidate, all marks together"),
  bound: z.number().describe("at which it is rolled back: 1 / falseRollback"),
  passAt: z.number().describe("what each mark's e-value must reach to pass a step: 1 / risk"),
  falseRollback: z.number(),
  missWorseThan: z.number(),
});
export type ReleaseView = z.infer<typeof ReleaseView>;

export const ReleaseList = z.object({ releases: z.array(ReleaseView) });
export type ReleaseList = z.infer<typeof ReleaseList>;

export const ReleaseDetail = ReleaseView.extend({
  marks: z.array(Mark),
  curve: z.array(
    z.object({ at: z.number(), exposed: z.number(), against: z.number(), stage: z.number() }),
  ),
  turns: z.array(
    z.object({ at: z.number(), phase: z.string(), stage: z.number(), why: z.string() }),
  ),
});
export type ReleaseDetail = z.infer<typeof ReleaseDetail>;

const model = z.string().min(1).max(200).describe("as weir.yaml calls it");

export const ReleaseName = z.object({ model });
export type ReleaseName = z.infer<typeof ReleaseName>;

export const RELEASE_ACTIONS = ["pause", "resume", "promote", "abort", "restart"] as const;

export const ReleaseAction = z.strictObject({
  model,
  action: z.enum(RELEASE_ACTIONS).describe("restart: anew, with nothing known"),
});
export type ReleaseAction = z.infer<typeof ReleaseAction>;

const tolerance = z.number().min(0).max(10).optional();
const tolerances = Object.fromEntries(
  Object.keys(TOLERANCES).map((name) => [name, tolerance]),
) as Record<keyof typeof TOLERANCES, typeof tolerance>; // each of them, once

export const RejudgeWish = z.strictObject({
  model,
  tolerate: z.strictObject(tolerances).optional().describe("0.1: a tenth worse"),
  falseRollback: z.number().gt(0).max(0.5).optional(),
  missWorseThan: z.number().min(1.1).max(20).optional(),
  risk: z.number().gt(0).max(0.5).optional(),
});
export type RejudgeWish = z.infer<typeof RejudgeWish>;

export const Rejudged = z.object({
  phase: z.string(),
  stage: z.number(),
  why: z.string(),
  endedAt: z.number().nullable(),
  exposed: z.number(),
  against: z.number(),
});
export type Rejudged = z.infer<typeof Rejudged>;

export const ToJudge = z.object({
  calls: z.array(z.string()).describe("ids of calls, as many of each side"),
});
export type ToJudge = z.infer<typeof ToJudge>;

export const JudgeScore = z.strictObject({
  model,
  call: z.string().min(1).max(64).describe("its id"),
  score: z.number().min(0).max(1).describe("the higher the better"),
});
export type JudgeScore = z.infer<typeof JudgeScore>;

export const Scored = z.object({ ok: z.literal(true) });
