import { type Ask, PLAIN_ASK, type Tool } from "../brain.ts";
import {
  type Json,
  isBase64,
  numberOf,
  objectOf,
  objectsOf,
  stringOf,
  stringsOf,
} from "../call.ts";
import { Refused } from "../kind.ts";

const KNOWN = new Set(
  "contents tools toolConfig safetySettings systemInstruction generationConfig cachedContent labels model store serviceTier".split(
    " ",
  ),
);
/** What Gemini's own schema type knows; JSON Schema has a field of its own. */
const SCHEMA_FIELDS = new Set(
  (
    "type format title description nullable enum maxItems minItems properties required minProperties " +
    "maxProperties minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum"
  ).split(" "),
);

/** What a generateContent request asks; throws what Gemini refuses. */
export function askOfContents(model: string, body: Json): Ask {
  const stray = Object.keys(body).find((field) => !KNOWN.has(camel(field)));
  if (stray !== undefined) throw unknownField(stray);
  const contents = objectsOf(body["contents"]);
  if (contents.length === 0)
    throw new Refused(400, "* GenerateContentRequest.contents: contents is not specified");
  checkTurns(model, contents);
  const config = objectOf(field(body, "generationConfig"));
  const tools = toolsOf(body);
  const schema = schemaOf(config);
  if (tools.length > 0 && "schema" in schema && !model.includes("gemini-3"))
    throw new Refused(
      400,
      "Function calling with a response mime type: 'application/json' is unsupported",
    );
  const thinking = objectOf(field(config, "thinkingConfig"));
  const calling = objectOf(field(objectOf(field(body, "toolConfig")), "functionCallingConfig"));
  const last = objectsOf(contents.at(-1)?.["parts"]);
  return {
    ...PLAIN_ASK,
    model,
    characters: JSON.stringify([field(body, "systemInstruction") ?? "", contents]).length,
    tools,
    toolChoice: choiceOf(calling, tools),
    lastIsToolResult: last.some((part) => field(part, "functionResponse") !== undefined),
    ...schema,
    images: imagesIn(contents),
    n: numberOf(field(config, "candidateCount")) ?? 1,
    wantsReasoning:
      field(thinking, "includeThoughts") === true ||
      (numberOf(field(thinking, "thinkingBudget")) ?? 0) > 0 ||
      stringOf(field(thinking, "thinkingLevel")) !== undefined,
    stop: stringsOf(field(config, "stopSequences")),
    maxTokens: numberOf(field(config, "maxOutputTokens")),
  };
}

/** A field by its name in camel case; Google takes both spellings. */
export function field(object: Json, name: string): unknown {
  return object[name] ?? object[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

/** The signature of every thought; some models refuse their calls without it. */
export const THOUGHT_SIGNATURE = Buffer.from("mock thought signature").toString("base64");

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function unknownField(name: string, where = ""): Refused {
  const place = where === "" ? "" : ` at '${where}'`;
  return new Refused(
    400,
    `Invalid JSON payload received. Unknown name "${name}"${place}: Cannot find field.`,
  );
}

function checkTurns(model: string, contents: readonly Json[]): void {
  let calls = 0;
  for (const { role, parts } of contents) {
    if (role !== undefined && role !== "user" && role !== "model" && role !== "function")
      throw new Refused(400, "Please use a valid role: user, model.");
    const list = objectsOf(parts);
    if (list.length === 0)
      throw new Refused(
        400,
        "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.",
      );
    const answers = list.filter((part) => field(part, "functionResponse") !== undefined);
    if (answers.length > 0 && answers.length !== calls)
      throw new Refused(
        400,
        "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
      );
    const called = list.filter((part) => field(part, "functionCall") !== undefined);
    const [first] = called;
    if (first && model.includes("gemini-3") && field(first, "thoughtSignature") === undefined)
      throw new Refused(400, "Function call is missing a thought_signature in functionCall parts.");
    calls = called.length;
  }
}

function toolsOf(body: Json): Tool[] {
  const declared = objectsOf(body["tools"]).flatMap((tool) =>
    objectsOf(field(tool, "functionDeclarations")),
  );
  return declared.map((one, index) => {
    const parameters = one["parameters"];
    checkSchema(parameters, `tools[0].function_declarations[${index}].parameters`);
    const schema = parameters ?? field(one, "parametersJsonSchema") ?? { type: "object" };
    return { name: String(one["name"]), schema };
  });
}

function choiceOf(calling: Json, tools: readonly Tool[]): Ask["toolChoice"] {
  const mode = stringOf(calling["mode"])?.toUpperCase();
  const [name, ...others] = stringsOf(field(calling, "allowedFunctionNames"));
  if (name !== undefined && mode !== "ANY" && mode !== "VALIDATED")
    throw new Refused(400, "allowed_function_names is only supported when mode is ANY.");
  if (name !== undefined && !tools.some((tool) => tool.name === name))
    throw new Refused(400, "allowed_function_names should be a subset of function declarations.");
  if (name !== undefined && others.length === 0) return { name };
  if (mode === "NONE") return "none";
  return mode === "ANY" ? "required" : "auto";
}

function schemaOf(config: Json): { schema?: unknown } {
  const own = field(config, "responseSchema");
  const schema = own ?? field(config, "responseJsonSchema");
  const isJson = field(config, "responseMimeType") === "application/json";
  checkSchema(own, "generation_config.response_schema");
  if (schema !== undefined && !isJson)
    throw new Refused(
      400,
      "Response schema is only supported with response mime type: 'application/json'",
    );
  return isJson ? { schema: schema ?? true } : {};
}

/** Refuses what JSON Schema has and Gemini's schema has not, as deep as it stands. */
function checkSchema(schema: unknown, where: string): void {
  for (const [name, value] of Object.entries(objectOf(schema))) {
    if (!SCHEMA_FIELDS.has(camel(name))) throw unknownField(name, where);
    if (name === "properties")
      for (const [key, inner] of Object.entries(objectOf(value)))
        checkSchema(inner, `${where}.properties[0].value.${key}`);
    if (name === "items") checkSchema(value, `${where}.items`);
    if (Array.isArray(value) && camel(name) === "anyOf")
      for (const [index, inner] of value.entries()) checkSchema(inner, `${where}.any_of[${index}]`);
  }
}

function imagesIn(contents: readonly Json[]): number {
  const parts = contents.flatMap((content) => objectsOf(content["parts"]));
  const inline = parts.map((part) => objectOf(field(part, "inlineData")));
  for (const { data, ...blob } of inline) {
    if (data === undefined) continue;
    if (!isBase64(data))
      throw new Refused(
        400,
        `Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed for "${JSON.stringify(data).slice(1, 20)}"`,
      );
    if (stringOf(field(blob, "mimeType")) === undefined)
      throw new Refused(400, "Unsupported MIME type: ");
  }
  const files = parts.map((part) => objectOf(field(part, "fileData")));
  return [...inline, ...files].filter((one) => String(field(one, "mimeType")).startsWith("image/"))
    .length;
}
