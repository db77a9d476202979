import { z } from "zod";
import { duration, environmentVariable } from "./fields.ts";

const Key = z
  .strictObject({
    env: environmentVariable
      .optional()
      .describe("The variable that holds 32 bytes in base64 or hex."),
    file: z.string().min(1).optional().describe("The file that holds them."),
  })
  .refine(({ env, file }) => (env === undefined) !== (file === undefined), {
    error: "expected env: NAME or file: PATH, and not both",
  });

const MODES = ["off", "on"] as const;

const Whole = z
  .strictObject({
    mode: z.enum(MODES).default("on"),
    key: Key.optional().describe(
      "With it placeholders are the same after a restart and in every replica, and what they stand for is kept, sealed with AES-256-GCM. Without: for one request each, and nothing is kept.",
    ),
    previousKeys: z
      .array(Key)
      .default([])
      .describe(
        "Keys of before: they open what they sealed, and it is sealed anew by `key` within minutes.",
      ),
    keep: duration("24h").describe("How long after its last use a placeholder is known."),
  })
  .refine(({ key, previousKeys }) => key !== undefined || previousKeys.length === 0, {
    error: "previousKeys need a key: name the new one in `key`",
  });

type Vault = z.output<typeof Whole>;

/** Where weir.yaml says no more than on or off, the rest is as it is without more words. */
const DEFAULTS = Whole.parse({});

export const GuardVault = z
  .union([z.enum(MODES, { error: "expected off, on, or { key: { env: NAME } }" }), Whole])
  .default("off")
  .transform((vault): Vault => (typeof vault === "string" ? { ...DEFAULTS, mode: vault } : vault));
