import { parseTools } from "./tools.ts";
import { schemaProblem } from "./check-schema.ts";

/** The formats in which the playground can ask; every one reaches every model. */
export type Protocol = "chat" | "messages" | "responses";

export const PROTOCOLS: readonly (readonly [value: Protocol, text: string])[] = [
  ["chat", "OpenAI chat"],
  ["messages", "Anthropic messages"],
  ["responses", "OpenAI responses"],
];

/** At most so many models answer one prompt side by side. */
export const MOST_MODELS = 3;

export type Format = "text" | "json" | "schema";

/** What the playground's fields say. Numbers are kept as typed; an empty one is not sent. */
export interface Settings {
  readonly models: readonly string[];
  readonly protocol: Protocol;
  readonly system: string;
  readonly temperature: string;
  readonly topP: string;
  readonly maxTokens: string;
  readonly seed: string;
  readonly format: Format;
  /** A JSON Schema as typed; asked for when `format` is `schema`. */
  readonly schema: string;
  readonly usesTools: boolean;
  /** A JSON array of OpenAI's function tools, as typed. */
  readonly tools: string;
}

export const NO_SETTINGS: Settings = {
  models: [],
  protocol: "chat",
  system: "",
  temperature: "",
  topP: "",
  maxTokens: "",
  seed: "",
  format: "text",
  schema: "",
  usesTools: false,
  tools: "",
};

export type NumberField = "temperature" | "topP" | "maxTokens" | "seed";

interface NumberRule {
  readonly label: string;
  readonly hint: string;
  readonly min: number;
  readonly max: number;
  /** 1 for a field of whole numbers. */
  readonly step: number;
}

/** The number fields: what each means and which values it takes. */
export const NUMBER_FIELDS: Readonly<Record<NumberField, NumberRule>> = {
  temperature: {
    label: "Temperature",
    hint: "How freely words are chosen: 0 repeats itself, 1 is lively, above 1 it wanders.",
    min: 0,
    max: 2,
    step: 0.1,
  },
  topP: {
    label: "Top p",
    hint: "Only the likeliest words that together reach this share are considered.",
    min: 0,
    max: 1,
    step: 0.05,
  },
  maxTokens: {
    label: "Max tokens",
    hint: "The answer stops here, even in the middle of a sentence. A token is about ¾ of a word.",
    min: 1,
    max: 1_000_000,
    step: 1,
  },
  seed: {
    label: "Seed",
    hint: "The same seed and the same request give the same answer.",
    min: 0,
    max: 4_294_967_295,
    step: 1,
  },
};

/** Says what is wrong with a number as typed; null when it is empty or right. */
export function problemOf(field: NumberField, typed: string): string | null {
  if (typed.trim() === "") return null;
  const { min, max, step } = NUMBER_FIELDS[field];
  const whole = step === 1;
  const value = Number(typed);
  const right = Number.isFinite(value) && value >= min && value <= max;
  if (right && (!whole || Number.isInteger(value))) return null;
  return `A ${whole ? "whole number" : "number"} from ${min} to ${max.toLocaleString("en")}`;
}

/** Whether a request can be made of the fields as they are. */
export function fieldsAreRight(settings: Settings): boolean {
  const fields = Object.keys(NUMBER_FIELDS) as NumberField[];
  return (
    settings.models.length > 0 &&
    fields.every((field) => problemOf(field, settings[field]) === null) &&
    (!settings.usesTools || parseTools(settings.tools).problem === null) &&
    (settings.format !== "schema" || schemaProblem(settings.schema) === null)
  );
}
