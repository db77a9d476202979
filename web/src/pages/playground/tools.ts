import { asText, at, isRecord, parseJson } from "../../api/json.ts";

/** A function that the model may call. */
export interface Tool {
  readonly name: string;
  readonly description: string | null;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A call that the model made; `arguments` is JSON as it wrote it. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** What a call gave, to be sent back. */
export interface ToolResult {
  readonly id: string;
  readonly text: string;
}

export const EXAMPLE_TOOLS = JSON.stringify(
  [
    {
      type: "function",
      function: {
        name: "get_river_level",
        description: "The water level at a gauge, in centimetres",
        parameters: {
          type: "object",
          properties: {
            gauge: { type: "string", description: "the town where the gauge stands" },
            day: { type: "string", enum: ["today", "yesterday"] },
          },
          required: ["gauge"],
        },
      },
    },
  ],
  null,
  2,
);

const NO_PARAMETERS = { type: "object", properties: {} };

/** The tools as typed, or the one thing that is wrong with them. */
export function parseTools(typed: string): { tools: readonly Tool[]; problem: string | null } {
  const wrong = (problem: string) => ({ tools: [], problem });
  const list = parseJson(typed);
  if (list === undefined) return wrong("This is not valid JSON.");
  if (!Array.isArray(list) || list.length === 0) return wrong("A JSON array with a tool in it.");
  const tools: Tool[] = [];
  for (const [index, entry] of list.entries()) {
    // Both ways of OpenAI's: under `function`, as in chats, or flat, as in responses.
    const tool = at(entry, "function") ?? entry;
    const name = asText(at(tool, "name"));
    if (name === null || !/^[\w-]{1,64}$/.test(name)) {
      return wrong(`Tool ${index + 1} needs a name of letters, digits, _ and -.`);
    }
    const parameters = at(tool, "parameters") ?? NO_PARAMETERS;
    if (!isRecord(parameters)) return wrong(`The parameters of ${name} must be a JSON Schema.`);
    if (tools.some((other) => other.name === name)) return wrong(`Two tools are called ${name}.`);
    tools.push({ name, description: asText(at(tool, "description")), parameters });
  }
  return { tools, problem: null };
}

/** JSON in lines, where it is JSON; else as it came. */
export function pretty(json: string): string {
  const value = parseJson(json);
  return value === undefined ? json : JSON.stringify(value, null, 2);
}
