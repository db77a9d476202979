import { parseJson } from "../../api/json.ts";
import type { NumberField, Protocol, Settings } from "./settings.ts";
import { parseTools, type Tool, type ToolCall, type ToolResult } from "./tools.ts";

/** One message of a conversation, in nobody's format. */
export type Message =
  | { readonly role: "user"; readonly text: string; readonly images: readonly string[] }
  | { readonly role: "assistant"; readonly text: string; readonly calls: readonly ToolCall[] }
  | { readonly role: "tool"; readonly results: readonly ToolResult[] };

/** What is asked of one model, before a protocol writes it down. */
export interface Question {
  readonly protocol: Protocol;
  readonly model: string;
  readonly system: string;
  readonly messages: readonly Message[];
  readonly numbers: Readonly<Partial<Record<NumberField, number>>>;
  readonly tools: readonly Tool[];
  /** `json`: any JSON object. */
  readonly format: "text" | "json" | { readonly schema: Readonly<Record<string, unknown>> };
}

/** The question that the fields and a conversation make. */
export function toQuestion(
  settings: Settings,
  model: string,
  messages: readonly Message[],
): Question {
  return {
    protocol: settings.protocol,
    model,
    system: settings.system.trim(),
    messages,
    numbers: {
      ...numberIf("temperature", settings.temperature),
      ...numberIf("topP", settings.topP),
      ...numberIf("maxTokens", settings.maxTokens),
      ...numberIf("seed", settings.seed),
    },
    tools: settings.usesTools ? parseTools(settings.tools).tools : [],
    format:
      settings.format === "schema"
        ? { schema: (parseJson(settings.schema) ?? {}) as Record<string, unknown> }
        : settings.format,
  };
}

function numberIf<Name extends string>(name: Name, typed: string): Partial<Record<Name, number>> {
  const value = Number(typed);
  // One computed key: TypeScript widens it to an index signature.
  return typed.trim() === "" || !Number.isFinite(value)
    ? {}
    : ({ [name]: value } as Record<Name, number>);
}
