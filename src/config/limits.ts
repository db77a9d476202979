import { z } from "zod";
import { dollars } from "./fields.ts";

/** The limits of weir.yaml: who may use how much. What is absent does not limit. */

const count = z.int("expected a whole number, 1 or more").min(1, "expected 1 or more");

const FIELDS = {
  requestsPerMinute: count.optional().describe("Calls in any 60 seconds."),
  requestsPerDay: count.optional().describe("Calls in a UTC day."),
  tokensPerMinute: count.optional().describe("Tokens in and out, in any 60 seconds."),
  tokensPerDay: count.optional(),
  tokensPerMonth: count.optional(),
  concurrency: count.optional().describe("Calls at the same time."),
  costPerMinute: dollars.optional().describe("In any 60 seconds, as `0.10 USD`."),
  costPerDay: dollars.optional().describe("A UTC day's budget, reserved before a call starts."),
  costPerMonth: dollars.optional().describe("A UTC month's budget."),
};

export const LimitFields = z.strictObject(FIELDS);

const glob = z.string().min(1).describe("A name; `*` stands for any characters.");

const DIMENSIONS = ["key", "tenant", "user", "model", "endpoint"] as const;

const Rule = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.-]{1,60}$/, "a rule's name has letters, digits and . _ - only")
      .describe("Shown to who is refused, and in metrics."),
    match: z
      .strictObject({
        key: glob.optional().describe("A key's name or id."),
        tenant: glob.optional(),
        user: glob.optional().describe("The request's own `user`; calls without one do not match."),
        model: glob.optional(),
        endpoint: glob.optional().describe("A path, as `/v1/chat/*`."),
      })
      .prefault({})
      .describe("The calls it is about. Empty: all."),
    by: z
      .array(z.enum(DIMENSIONS))
      .refine((names) => new Set(names).size === names.length, "names something twice")
      .default([])
      .describe("What gets a counter of its own. Empty: all that match share one."),
    ...FIELDS,
    mode: z
      .enum(["hard", "soft", "shadow"])
      .default("hard")
      .describe(
        "hard refuses; soft lets pass and says so in a header, the log and the metrics; shadow only counts what it would have refused.",
      ),
  })
  .refine((rule) => Object.keys(FIELDS).some((name) => name in rule), {
    error: `a rule needs a limit, such as requestsPerMinute or costPerDay`,
  });

const PerIp = z.strictObject({
  requestsPerMinute: count.optional().describe("Of one address, with any key or none."),
  concurrency: count.optional().describe("Requests of one address at the same time."),
  ipv6Prefix: z
    .int()
    .min(16)
    .max(128)
    .default(64)
    .describe("IPv6 addresses that agree in so many bits count as one."),
  wrongKeysPerMinute: z
    .int()
    .min(0)
    .default(60)
    .describe("Then 429 for a while, whatever is sent. 0 turns it off."),
});

export const Limits = z
  .strictObject({
    perKey: LimitFields.prefault({}).describe(
      "Of each key. What is set on a key itself stands over it, field by field.",
    ),
    perTenant: LimitFields.prefault({}).describe("Of all keys of a tenant together."),
    perUser: LimitFields.prefault({}).describe("Of each `user` that a tenant's requests name."),
    perModel: LimitFields.prefault({}).describe("Of all calls of a model."),
    perEndpoint: LimitFields.prefault({}).describe("Of all calls of a path."),
    perIp: PerIp.prefault({}).describe("Checked before the key is looked at."),
    rules: z
      .array(Rule)
      .superRefine((rules, context) => {
        for (const [index, { name }] of rules.entries()) {
          if (rules.findIndex((rule) => rule.name === name) === index) continue;
          context.addIssue({
            code: "custom",
            path: [index, "name"],
            message: `there is a rule "${name}" already: each needs a name of its own`,
          });
        }
      })
      .default([])
      .describe("Limits for the special case."),
    assumedOutputTokens: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(4096)
      .describe(
        "Where a hard cost limit applies and the request has no max_tokens: so many are reserved, and the upstream is told not to make more.",
      ),
    unpriced: z
      .enum(["allow", "refuse"])
      .default("allow")
      .describe(
        "Calls whose cost is not known (no price, sound, pictures) where a hard cost limit applies.",
      ),
  })
  .describe("Who may use how much.");
/** The keys of each of its parts, for whoever misspells one. */
export const LIMIT_SECTIONS: Readonly<Record<string, readonly string[]>> = {
  perKey: Object.keys(FIELDS),
  perTenant: Object.keys(FIELDS),
  perUser: Object.keys(FIELDS),
  perModel: Object.keys(FIELDS),
  perEndpoint: Object.keys(FIELDS),
  perIp: Object.keys(PerIp.shape),
  rules: Object.keys(Rule.shape),
};

export type LimitsConfig = z.infer<typeof Limits>;
export type LimitRule = LimitsConfig["rules"][number];
export type PerIpLimits = LimitsConfig["perIp"];
