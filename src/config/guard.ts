import { z } from "zod";
import { Languages, Listed, Remember, Topic, allowedHosts } from "./guard-words.ts";
import { duration, environmentVariable } from "./fields.ts";
import { GuardVault } from "./guard-vault.ts";

/** What the guard looks for. */
const CATEGORIES = [
  "injection",
  "jailbreak",
  "exfiltration",
  "payload",
  "leakage",
  "repetition",
  "harmful",
  "secrets",
  "pii",
  "custom",
] as const;
const Category = z.enum(CATEGORIES);
const Action = z.enum(["allow", "flag", "redact", "block", "hold"]);
const OnFailure = z.enum(["closed", "open"]);

const RATES = { "0.1%": 0.001, "0.5%": 0.005, "1%": 0.01, "2%": 0.02, "5%": 0.05 } as const;
type Rate = keyof typeof RATES;
const rateNames = Object.keys(RATES) as [Rate, ...Rate[]]; // the keys of the object above
const Rate = z
  .enum(rateNames, { error: `expected one of ${rateNames.join(", ")}` })
  .transform((name) => RATES[name]);

const detectorName = z.string().regex(/^[a-z_]+(\.([a-z0-9_]+|\*))?$/, {
  error: "expected a detector or a category, as pii.email, pii.* or pii",
});

const Allowed = z.union([
  z.string().min(1),
  z
    .strictObject({
      text: z.string().min(1).optional().describe("This text, letter for letter."),
      pattern: z.string().min(1).optional().describe("Every text of this pattern."),
      detectors: z
        .array(detectorName)
        .min(1)
        .optional()
        .describe("Only these look past it; without a text they find nothing at all."),
    })
    .refine(({ text, pattern, detectors }) => text ?? pattern ?? detectors, {
      error: "expected a text, a pattern or detectors",
    })
    .refine(({ text, pattern }) => text === undefined || pattern === undefined, {
      error: "expected a text or a pattern, not both",
    }),
]);

const Rule = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,39}$/, { error: "expected a name of small letters, digits and _" })
      .describe("Findings are called by the category and this, as custom.project_name."),
    pattern: z
      .string()
      .min(1)
      .optional()
      .describe("A regular expression without look-around and back references."),
    words: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe("Or words and phrases, found where they stand alone."),
    ignoreCase: z.boolean().default(true),
    category: Category.default("custom"),
    action: Action.default("flag").describe("What a finding leads to, wherever it is found."),
    in: z
      .array(z.enum(["developer", "user", "document", "tool", "assistant"]))
      .min(1)
      .default(["user", "document", "tool", "assistant"])
      .describe("Whose texts it is looked for in; assistant: answers."),
  })
  .refine(({ pattern, words }) => (pattern === undefined) !== (words === undefined), {
    error: "expected a pattern or words, and not both",
  });

const Mode = z.enum(["enforce", "monitor", "off"]);
const categories = z.array(Category);

/** What a policy says; every part may be said anew for a route or a tenant. */
const parts = {
  mode: Mode.describe("monitor records what it would have done and does nothing."),
  falsePositiveRate: Rate.describe(
    "The share of innocent texts that may be refused by detectors that know theirs.",
  ),
  developer: categories.describe("What is looked for in developer prompts."),
  input: categories.describe(
    "What is looked for in what users write: attacks are blocked, secrets and PII redacted.",
  ),
  documents: categories.describe("What is looked for in documents and tool results."),
  history: categories.describe(
    "What is looked for in the model's own earlier turns and its tool calls.",
  ),
  output: z
    .strictObject({
      redact: categories.default(["secrets", "pii"]),
      block: categories.default([]),
      flag: categories.default(["leakage"]),
    })
    .describe("What must not leave, also inside a stream."),
  actions: z
    .partialRecord(Category, Action)
    .describe(
      "What findings in prompts lead to, by category. hold refuses the call until somebody has reviewed it.",
    ),
  allow: z.array(Allowed).describe("Texts that are never findings."),
  messages: z
    .partialRecord(Category, z.string().min(1).max(500))
    .describe("What is said instead of our own words when a call is refused."),
  onFailure: z
    .union([OnFailure, z.partialRecord(Category, OnFailure)])
    .describe(
      "What becomes of a call when a check fails: refused (closed), or let through and marked so (open). By category: others are closed.",
    ),
  rules: z.array(Rule).describe("Patterns and words of your own."),
  allowedHosts,
  topics: z.array(Topic).describe("What is not spoken of here: lists of words."),
  languages: Languages.describe("The languages of prompts and of answers."),
  canaries: z
    .enum(["off", "on"])
    .describe(
      "on: system prompts get a mark behind them, upstream only. An answer in which it is, however it is spelled, gives its prompt away: output says of leakage what becomes of it.",
    ),
  listed: z.array(Listed).describe("Texts that answers must not repeat at length."),
  crossTenant: z
    .enum(["off", "flag", "block"])
    .describe(
      "What becomes of answers that repeat what another tenant had remembered by /guard/documents.",
    ),
};

const Override = z.strictObject(parts).partial();

const Tools = z.strictObject({
  stateChanging: z
    .array(z.string().min(1))
    .default([])
    .describe("Names of tools that change something, `*` for any letters, as send_* or delete_*."),
  approval: z
    .strictObject({
      callback: z
        .strictObject({ url: z.url(), secretEnv: environmentVariable })
        .optional()
        .describe("Told of every call that waits for approval, signed with HMAC-SHA-256."),
      keep: duration("1h").describe("How long an approval is waited for, and then holds."),
    })
    .prefault({})
    .describe(
      "A state-changing call in an answer to a prompt with documents or tool results needs one.",
    ),
  allow: z
    .record(
      z.string(),
      z.array(
        z.union([
          z.string().min(1),
          z.strictObject({
            name: z.string().min(1),
            arguments: z.record(z.string(), z.unknown()).describe("A JSON Schema."),
          }),
        ]),
      ),
    )
    .default({})
    .describe("By the name of a key: the only tools that it may offer and models may call."),
  descriptions: z
    .enum(["off", "flag", "block"])
    .default("off")
    .describe(
      "Tools are pinned when they are first seen; what becomes of a call whose tool reads differently.",
    ),
});

export const Guard = z.strictObject({
  mode: parts.mode.default("enforce"),
  falsePositiveRate: parts.falsePositiveRate.prefault("1%"),
  developer: parts.developer.default([]),
  input: parts.input.default(["injection", "jailbreak", "harmful", "secrets", "pii"]),
  documents: parts.documents.default(["injection", "exfiltration", "secrets", "pii"]),
  history: parts.history.default(["secrets", "pii"]),
  output: parts.output.prefault({}),
  actions: parts.actions.default({}),
  allow: parts.allow.default([]),
  messages: parts.messages.default({}),
  onFailure: parts.onFailure.default("closed"),
  rules: parts.rules.default([]),
  allowedHosts: parts.allowedHosts.optional(),
  topics: parts.topics.default([]),
  languages: parts.languages.optional(),
  canaries: parts.canaries.default("off"),
  listed: parts.listed.default([]),
  crossTenant: parts.crossTenant.default("flag"),
  remember: Remember.prefault({}),
  tools: Tools.prefault({}),
  vault: GuardVault.describe(
    "on: upstreams get placeholders of the same form for personal data, and answers get the originals back. Where a route's actions name pii, these hold. With a key they are kept.",
  ),
  names: z
    .strictObject({
      model: z
        .string()
        .min(1)
        .describe("A model of this file; one of your own, that costs nothing."),
      timeout: duration("5s").describe("How long it may take. After that the look has failed."),
    })
    .optional()
    .describe(
      "A model that is asked which names of people stand in prompts, documents and earlier turns, wherever pii is looked for: they are findings of the name pii.name. Each new text is a call of that model.",
    ),
  timeout: duration("10s").describe(
    "How long a look at a long prompt (256 kB) may take. After that it has failed.",
  ),
  routes: z
    .record(z.string(), Override)
    .default({})
    .describe("Over the above: by endpoint, as /v1/messages, then by the name of a model."),
  tenants: z.record(z.string(), Override).default({}).describe("Over all of that, by tenant."),
});
