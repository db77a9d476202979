import type { ChatRequest, ToolDefinition } from "../../core/chat.ts";
import { type AnswerForm, CALL_TAGS } from "./answer-form.ts";
import { literal } from "./grammar-rules.ts";
import { jsonSchemaToGrammar } from "./json-schema-to-grammar.ts";

/**
 * The grammar of an answer that must be a call: `tool_choice` "required", or a tool by name. Undefined
 * where the model may choose. Throws invalid_request for a schema that no grammar can promise.
 */
export function toolGrammar(request: ChatRequest, form: AnswerForm): string | undefined {
  const { tools = [], toolChoice, parallelToolCalls = true } = request;
  if (toolChoice === undefined || toolChoice === "auto" || toolChoice === "none") return undefined;
  const wanted =
    toolChoice === "required" ? tools : tools.filter(({ name }) => name === toolChoice.name);
  if (wanted.length === 0) return undefined;
  const mayRepeat = toolChoice === "required" && parallelToolCalls;
  const $defs = Object.fromEntries(wanted.flatMap(definitionsOf));
  const one = { $defs, anyOf: wanted.map((tool) => callSchema(tool, form)) };
  if (form.calls === "object") return jsonSchemaToGrammar(one, "tools");
  if (form.calls === "array") {
    const { anyOf } = one;
    const maxItems = mayRepeat ? 8 : 1;
    return jsonSchemaToGrammar(
      { $defs, type: "array", items: { anyOf }, minItems: 1, maxItems },
      "tools",
    );
  }
  const inner = jsonSchemaToGrammar(one, "tools").replace(/^root ::=/m, "call ::=");
  const [open, end] = CALL_TAGS.map((tag) => literal(tag));
  const written = `${open} "\\n" call "\\n" ${end}`;
  const more = mayRepeat ? ` ("\\n" ${written}){0,7}` : "";
  return `root ::= ${written}${more}\n${inner}`;
}

function callSchema(tool: ToolDefinition, { argumentsName }: AnswerForm): unknown {
  const given = tool.parameters ?? { type: "object" };
  const { $defs: _, definitions: __, ...parameters } = given;
  return {
    type: "object",
    properties: { name: { const: tool.name }, [argumentsName]: renamed(parameters, tool.name) },
    required: ["name", argumentsName],
    additionalProperties: false,
  };
}

/** A tool's definitions under names that no other tool's have. */
function definitionsOf({ name, parameters = {} }: ToolDefinition): [string, unknown][] {
  const { $defs = {}, definitions = {} } = parameters as Record<string, object | undefined>;
  return Object.entries({ ...definitions, ...$defs }).map(([key, schema]) => [
    `${name}.${key}`,
    renamed(schema, name),
  ]);
}

function renamed(schema: unknown, tool: string): unknown {
  if (Array.isArray(schema)) return schema.map((item) => renamed(item, tool));
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      const local = key === "$ref" && /^#\/(?:\$defs|definitions)\/(.+)$/.exec(String(value));
      return [key, local ? `#/$defs/${tool}.${local[1]}` : renamed(value, tool)];
    }),
  );
}
