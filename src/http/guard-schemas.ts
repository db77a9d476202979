import { z } from "zod";

const Action = z.enum(["allow", "flag", "redact", "hold", "block"]);
const Origin = z.enum(["user", "document", "tool", "developer", "history", "assistant"]);

export const TryGuardBody = z.strictObject({
  text: z.string().max(200_000),
  origin: Origin.default("user").describe("who wrote it"),
  policy: z
    .string()
    .max(100_000)
    .optional()
    .describe("the `guard` section of a weir.yaml to try it by; absent: the one in force"),
});
const Finding = z.object({
  detector: z.string(),
  action: Action,
  start: z.number().describe("UTF-16 offsets into the text"),
  end: z.number(),
  confidence: z.number().describe("0 to 1"),
  falsePositiveRate: z.number().optional(),
  evidence: z.object({ text: z.string(), steps: z.array(z.string()) }).optional(),
});
export const GuardTry = z.object({
  verdict: Action.describe("the strongest of the findings' actions"),
  findings: z.array(Finding),
  text: z.string().describe("with what is redacted taken out"),
  failed: z.array(z.string()).describe("detectors that could not look"),
  readings: z
    .array(z.object({ text: z.string(), steps: z.array(z.string()) }))
    .describe("what is hidden in the text, decoded; at most 20"),
});
export type GuardTry = z.infer<typeof GuardTry>;
export const GuardPolicy = z.object({
  section: z.string().describe("the `guard` section of weir.yaml, without its name; empty: none"),
});
export type GuardPolicy = z.infer<typeof GuardPolicy>;

export const GuardApproval = z.object({
  id: z.string(),
  tenant: z.string(),
  keyId: z.string(),
  tool: z.string().describe("prompt: a prompt that is held for review"),
  arguments: z.string().describe("JSON text, as the guard let it through"),
  state: z.enum(["pending", "approved", "denied"]),
  createdAt: z.number(),
  expiresAt: z.number().describe("until then it is waited for, and then an approval holds"),
  decidedBy: z.string().nullable().describe("the name of a key"),
});
export type GuardApproval = z.infer<typeof GuardApproval>;
export const GuardDecision = z.strictObject({ decision: z.enum(["approve", "deny"]) });
export type GuardDecision = z.infer<typeof GuardDecision>;
