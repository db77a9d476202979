import { z } from "zod";
import type { ToolDefinition } from "../../core/chat.ts";

export interface WrittenCall {
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

const Call = z.looseObject({
  name: z.string(),
  arguments: z.union([z.record(z.string(), z.unknown()), z.string()]).optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});

/**
 * The calls that a model wrote as text: JSON of one or of several, or Qwen Coder's `<function=…>`.
 * Undefined where the text is anything else, or calls what was not offered: then it is an answer.
 */
export function readWrittenCalls(
  text: string,
  tools: readonly ToolDefinition[],
): WrittenCall[] | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith("<function=")) return readFunction(trimmed, tools);
  let value: unknown;
  try {
    value = JSON.parse(trimmed);
  } catch {
    return undefined;
  }
  const calls = z
    .array(Call)
    .min(1)
    .safeParse(Array.isArray(value) ? value : [value]).data;
  if (!calls?.every(({ name }) => tools.some((tool) => tool.name === name))) return undefined;
  return calls.map((call) => {
    const given = call.arguments ?? call.parameters ?? {};
    return {
      name: call.name,
      arguments: typeof given === "string" ? given : JSON.stringify(given),
    };
  });
}

const FUNCTION = /^<function=([^>\s]+)>([\s\S]*?)(?:<\/function>)?$/;
const PARAMETER = /<parameter=([^>\s]+)>\n?([\s\S]*?)\n?<\/parameter>/g;

function readFunction(text: string, tools: readonly ToolDefinition[]): WrittenCall[] | undefined {
  const [, name, body = ""] = FUNCTION.exec(text) ?? [];
  const tool = tools.find((one) => one.name === name);
  if (!tool) return undefined;
  const given = Array.from(body.matchAll(PARAMETER), ([, key = "", value = ""]) => [
    key,
    isText(tool, key) ? value : parsed(value),
  ]);
  return [{ name: tool.name, arguments: JSON.stringify(Object.fromEntries(given)) }];
}

const Properties = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ type: z.unknown().optional() })).optional(),
});

/** In this form all values are bare text: only the schema tells a number from its digits. */
function isText({ parameters }: ToolDefinition, key: string): boolean {
  const { properties } = Properties.safeParse(parameters).data ?? {};
  return properties?.[key]?.type === "string";
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
