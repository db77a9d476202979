import { z } from "zod";

/** Replicas in `/admin/v1/scaling`. Times are epoch milliseconds. Fields are only ever added. */

const ScalingDecision = z.object({
  at: z.number(),
  until: z.number().describe("it was decided again and again until then"),
  from: z.number().describe("replicas that were there, starting ones included"),
  replicas: z.number().describe("how many there should be"),
  kind: z.enum(["up", "down", "steady", "idle", "wake", "frozen", "silent"]),
  why: z.string(),
  numbers: z.record(z.string(), z.number()).describe("what the decision was made of"),
});

const ScalingSample = z.object({
  at: z.number(),
  wanted: z.number(),
  ready: z.number(),
  starting: z.number(),
  waiting: z.number().describe("calls without their first token"),
  running: z.number().describe("calls past their first token"),
  arrived: z.number().describe("calls since the sample before"),
});

export const ScaledModelRow = z.object({
  model: z.string(),
  driver: z.enum(["local", "kubernetes", "none"]).describe("who starts and ends replicas"),
  policy: z.string(),
  min: z.number(),
  max: z.number(),
  wanted: z.number().nullable().describe("null: nothing was decided yet"),
  ready: z.number(),
  starting: z.number(),
  draining: z.number(),
  asleep: z.boolean(),
  frozen: z.boolean().describe("a release of it is being judged: it does not shrink"),
  hold: z
    .object({ replicas: z.number(), by: z.string(), at: z.number() })
    .nullable()
    .describe("set by an operator"),
  trouble: z.string().nullable(),
  startDelayMs: z.number().nullable().describe("of the last replica that was started"),
  decisions: z.array(ScalingDecision).describe("the newest first"),
  samples: z.array(ScalingSample).describe("one an interval, the newest last"),
});
export type ScaledModelRow = z.infer<typeof ScaledModelRow>;

/** GET /admin/v1/scaling. */
export const ScalingList = z.object({ models: z.array(ScaledModelRow) });
export type ScalingList = z.infer<typeof ScalingList>;

/** POST /admin/v1/scaling. */
export const ScalingWish = z.discriminatedUnion("action", [
  z.strictObject({
    action: z.literal("hold").describe("keep so many until `resume`"),
    model: z.string(),
    replicas: z.int().min(1).describe("within min and max"),
  }),
  z.strictObject({ action: z.literal("resume"), model: z.string() }),
]);
export type ScalingWish = z.infer<typeof ScalingWish>;

export const ReplicasQuery = z.strictObject({ model: z.string().min(1) });
export type ReplicasQuery = z.infer<typeof ReplicasQuery>;

/** GET /admin/v1/scaling/replicas, in the form that KEDA's `metrics-api` trigger reads. */
export const WantedReplicas = z.object({ model: z.string(), replicas: z.number() });
export type WantedReplicas = z.infer<typeof WantedReplicas>;
