import { z } from "zod";

/** GET /admin/v1/limits: what each counter that counts something stands at. */
export const LimitRow = z.object({
  subject: z.object({
    kind: z.enum(["key", "tenant", "user", "model", "endpoint", "rule", "address"]),
    id: z
      .string()
      .describe("of a user: its tenant and its name; of a rule: what its counter is of"),
    name: z.string().describe("a key's name, a rule's name; else the id"),
  }),
  limit: z.string().describe("as weir.yaml has it: costPerDay, requestsPerMinute …"),
  unit: z.enum(["requests", "tokens", "cost", "calls"]).describe("cost is in nano-dollars"),
  window: z.enum(["minute", "day", "month", "open"]),
  used: z.number(),
  reserved: z.number().describe("promised to calls that run now"),
  most: z.number().nullable().describe("null where the limit was taken away meanwhile"),
  resetAt: z.number().nullable().describe("when the window ends; null for calls at the same time"),
});
export const LimitList = z.object({
  limits: z.array(LimitRow),
  shared: z
    .enum(["no", "yes", "away"])
    .describe("whether replicas share these counters in Redis, and whether it answers"),
});
const Spent = z.object({
  dayCalls: z.number(),
  dayTokens: z.number(),
  dayNanos: z.number(),
  monthCalls: z.number(),
  monthTokens: z.number(),
  monthNanos: z.number(),
});

/** GET /admin/v1/spend: by UTC day and month, as the traces of this server have it. */
export const SpendList = z.object({
  dayFrom: z.number(),
  monthFrom: z.number(),
  keys: z.array(Spent.extend({ id: z.string() })),
  tenants: z.array(Spent.extend({ id: z.string() })),
});
export type SpendList = z.infer<typeof SpendList>;
export type SpendRow = SpendList["keys"][number];
export type LimitRow = z.infer<typeof LimitRow>;
export type LimitList = z.infer<typeof LimitList>;
