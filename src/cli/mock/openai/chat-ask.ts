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
import type { Dialect } from "./dialect.ts";

/** What a chat request in OpenAI's format asks. */
export function askOfChat(
  body: Json,
  {
    wantsReasoning,
    honoursN,
    continuesAssistant = body["continue_final_message"] === true,
  }: Pick<Dialect, "wantsReasoning" | "honoursN" | "continuesAssistant">,
): Ask {
  const messages = objectsOf(body["messages"]);
  const last = messages.at(-1) ?? {};
  const isBegun = continuesAssistant && last["role"] === "assistant";
  return {
    ...PLAIN_ASK,
    model: stringOf(body["model"]) ?? "",
    characters: JSON.stringify(body["messages"] ?? body["prompt"] ?? "").length,
    tools: toolsOf(body["tools"]),
    toolChoice: choiceOf(body["tool_choice"]),
    parallelAllowed: body["parallel_tool_calls"] !== false,
    lastIsToolResult: last["role"] === "tool",
    begun: isBegun ? stringOf(last["content"]) : undefined,
    ...schemaOf(objectOf(body["response_format"])),
    images: imagesIn(messages),
    n: (honoursN ? (numberOf(body["n"]) ?? 1) : 1) * promptsIn(body["prompt"]),
    wantsReasoning: wantsReasoning(body),
    stop: stringsOf(body["stop"]),
    maxTokens: numberOf(body["max_completion_tokens"]) ?? numberOf(body["max_tokens"]),
  };
}

/** The window that a model's name asks for (`ctx-64`), to rehearse prompts that are too long. */
export function windowOf(model: string): number | undefined {
  const [, size] = /ctx-(\d+)/.exec(model) ?? [];
  return size === undefined ? undefined : Number(size);
}

/** Throws what vendors answer to a prompt that is longer than the model's window. */
export function checkWindow(
  { model, characters }: Pick<Ask, "model" | "characters">,
  messageFor: (tokens: number, window: number) => string,
  status = 400,
): void {
  const window = windowOf(model);
  const tokens = Math.ceil(characters / 4);
  if (window !== undefined && tokens > window)
    throw new Refused(status, messageFor(tokens, window), { cause: "context" });
}

/** A completion may ask several prompts at once; each has its own answers. */
function promptsIn(prompt: unknown): number {
  return Array.isArray(prompt) && typeof prompt[0] !== "number" ? prompt.length : 1;
}

function toolsOf(tools: unknown): Tool[] {
  return objectsOf(tools).map((tool) => {
    const { name, parameters } = objectOf(tool["function"]);
    return { name: String(name), schema: parameters ?? { type: "object", properties: {} } };
  });
}

function choiceOf(choice: unknown): Ask["toolChoice"] {
  if (choice === "none" || choice === "required") return choice;
  if (choice === "any") return "required"; // Mistral's word
  const name = stringOf(objectOf(objectOf(choice)["function"])["name"]);
  return name === undefined ? "auto" : { name };
}

function schemaOf({ type, json_schema: named, schema, value }: Json): { schema?: unknown } {
  // TGI has the schema in `value`.
  if (type === "json_object") return { schema: schema ?? value ?? true };
  if (type !== "json_schema") return {};
  const inner = objectOf(named);
  return { schema: inner["schema"] ?? inner["schema_definition"] ?? schema ?? true };
}

function imagesIn(messages: readonly Json[]): number {
  const parts = messages.flatMap(({ content }) => objectsOf(content));
  const images = parts.filter(({ type }) => type === "image_url");
  for (const { image_url: image } of images) {
    const url = stringOf(image) ?? stringOf(objectOf(image)["url"]) ?? "";
    if (!isImageUrl(url))
      throw new Refused(
        400,
        "Invalid image_url: expected a data URL with base64, or an http(s) URL.",
        { code: "invalid_image_url", param: "messages" },
      );
  }
  return images.length;
}

function isImageUrl(url: string): boolean {
  const [, data] = /^data:image\/[a-z+.-]+;base64,(.*)$/s.exec(url) ?? [];
  return data === undefined ? /^https?:\/\/./.test(url) : isBase64(data);
}
