import type { Client } from "./client.ts";
import { EMBEDDED } from "./vendors.ts";

export const SCENARIOS = [
  "plain",
  "stop",
  "length",
  "unknown",
  "tools",
  "moved",
  "parallel",
  "schema",
  "images",
  "reasoning",
  "logprobs",
  "n",
  "429",
  "500",
  "401",
  "midway",
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** What comes instead of a cell that cannot exist. */
export type Instead =
  /** The protocol has no such field: sent all the same, it is relayed, refused or named as dropped. */
  | "no field"
  /** A 400 that names the field. */
  | "refused"
  /** An ordinary answer; the header says what was left out. */
  | "dropped";

export interface Impossible {
  readonly scenario: Scenario | readonly Scenario[];
  readonly clients?: readonly Client["name"][];
  readonly vendors?: readonly string[];
  readonly reason: string;
  readonly instead: Instead;
  /** The field that is refused or dropped. */
  readonly field?: RegExp;
}

/** The cells that cannot exist; the first row that fits is the reason. */
export const CANNOT: readonly Impossible[] = [
  {
    scenario: ["429", "500", "401", "midway"],
    vendors: [EMBEDDED],
    reason: "the engine has no upstream that fails: a prompt that is too long does instead",
    instead: "refused",
    field: /context/,
  },
  {
    scenario: ["tools", "moved", "parallel", "images", "reasoning"],
    clients: ["completions"],
    reason: "completions are text in, text out",
    instead: "no field",
  },
  {
    scenario: "schema",
    clients: ["completions"],
    vendors: [
      "openai",
      "azure-openai",
      "openai-compatible",
      "vllm",
      "sglang",
      "llama-server",
      "together",
      "openrouter",
    ],
    reason: "OpenAI's completions have no schema: relayed, what becomes of it is the upstream's",
    instead: "no field",
  },
  {
    scenario: "n",
    clients: ["responses", "messages"],
    reason: "the protocol has one answer",
    instead: "no field",
  },
  {
    scenario: "stop",
    clients: ["responses"],
    reason: "the protocol has no stop texts",
    instead: "no field",
  },
  {
    scenario: "logprobs",
    clients: ["messages"],
    reason: "the protocol has no log probabilities",
    instead: "no field",
  },
  {
    scenario: "logprobs",
    vendors: ["anthropic", "bedrock", "mistral", "groq"],
    reason: "the provider's API has no log probabilities",
    instead: "refused",
    field: /logprobs/,
  },
  {
    scenario: ["tools", "moved", "parallel"],
    vendors: [EMBEDDED],
    reason: "the demo model calls no tools",
    instead: "refused",
    field: /tool/,
  },
  {
    scenario: "images",
    vendors: [EMBEDDED],
    reason: "the demo model sees no images",
    instead: "refused",
    field: /image/,
  },
  {
    scenario: "reasoning",
    vendors: [EMBEDDED, "tgi"],
    reason: "nothing there tells thinking from saying",
    instead: "dropped",
    field: /reasoning|thinking/,
  },
];

/** Why a cell cannot exist, if so. */
export function cannot(
  client: Client["name"],
  vendor: string,
  scenario: Scenario,
): Impossible | undefined {
  return CANNOT.find(
    (row) =>
      (typeof row.scenario === "string"
        ? row.scenario === scenario
        : row.scenario.includes(scenario)) &&
      (row.clients?.includes(client) ?? true) &&
      (row.vendors?.includes(vendor) ?? true),
  );
}
