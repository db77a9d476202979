/** What the playground's fields say. Numbers are kept as typed; an empty one is not sent. */
export interface Settings {
  readonly model: string;
  readonly system: string;
  readonly temperature: string;
  readonly topP: string;
  readonly maxTokens: string;
  readonly seed: string;
  readonly json: boolean;
}

export const NO_SETTINGS: Settings = {
  model: "",
  system: "",
  temperature: "",
  topP: "",
  maxTokens: "",
  seed: "",
  json: false,
};

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** A request in OpenAI's format, as the playground sends it. */
export interface ChatBody {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly temperature?: number;
  readonly top_p?: number;
  readonly max_tokens?: number;
  readonly seed?: number;
  readonly response_format?: { readonly type: "json_object" };
  readonly stream: true;
  readonly stream_options: { readonly include_usage: true };
}

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

/** The request for a conversation: the system prompt, then its messages in turn. */
export function toBody(settings: Settings, messages: readonly ChatMessage[]): ChatBody {
  const system = settings.system.trim();
  return {
    model: settings.model,
    messages: system === "" ? messages : [{ role: "system", content: system }, ...messages],
    ...numberIf("temperature", settings.temperature),
    ...numberIf("top_p", settings.topP),
    ...numberIf("max_tokens", settings.maxTokens),
    ...numberIf("seed", settings.seed),
    ...(settings.json ? { response_format: { type: "json_object" } } : {}),
    stream: true,
    stream_options: { include_usage: true },
  };
}

function numberIf<Name extends string>(name: Name, typed: string): Partial<Record<Name, number>> {
  const value = Number(typed);
  // One computed key: TypeScript widens it to an index signature.
  return typed.trim() === "" || !Number.isFinite(value)
    ? {}
    : ({ [name]: value } as Record<Name, number>);
}
