import { type Ask, PLAIN_ASK } from "../brain.ts";
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
  (
    "model messages max_tokens system tools tool_choice thinking stream stop_sequences temperature " +
    "top_p top_k metadata service_tier container context_management output_config output_format " +
    "mcp_servers betas cache_control inference_geo speed diagnostics user_profile_id workspace_id fallbacks"
  ).split(" "),
);
const MEDIA_TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/** What a Messages request asks; throws what Anthropic refuses. */
export function askOfMessages(body: Json, { isCount = false } = {}): Ask {
  checkFields(body, isCount);
  const messages = objectsOf(body["messages"]);
  checkMessages(messages);
  const thinking = objectOf(body["thinking"]);
  const choice = objectOf(body["tool_choice"]);
  checkThinking(thinking, choice, numberOf(body["max_tokens"]) ?? Infinity);
  const last = objectsOf(messages.at(-1)?.["content"]);
  return {
    ...PLAIN_ASK,
    model: stringOf(body["model"]) ?? "",
    characters: JSON.stringify([body["system"] ?? "", body["messages"]]).length,
    tools: objectsOf(body["tools"]).map(({ name, input_schema: schema }) => ({
      name: String(name),
      schema,
    })),
    toolChoice: choiceOf(choice),
    parallelAllowed: choice["disable_parallel_tool_use"] !== true,
    lastIsToolResult: last.some(({ type }) => type === "tool_result"),
    ...schemaOf(body),
    images: imagesIn(messages),
    wantsReasoning: ["enabled", "adaptive"].includes(String(thinking["type"])),
    stop: stringsOf(body["stop_sequences"]),
    maxTokens: numberOf(body["max_tokens"]),
  };
}

function checkFields(body: Json, isCount: boolean): void {
  const needed = isCount ? ["model", "messages"] : ["model", "messages", "max_tokens"];
  for (const field of needed)
    if (body[field] === undefined) throw new Refused(400, `${field}: Field required`);
  const stray = Object.keys(body).find((field) => !KNOWN.has(field));
  if (stray !== undefined) throw new Refused(400, `${stray}: Extra inputs are not permitted`);
  const most = body["max_tokens"];
  if (!isCount && (typeof most !== "number" || most < 1))
    throw new Refused(400, "max_tokens: Input should be greater than or equal to 1");
}

function checkMessages(messages: readonly Json[]): void {
  if (messages.length === 0) throw new Refused(400, "messages: at least one message is required");
  let open: string[] = [];
  for (const [index, { role, content }] of messages.entries()) {
    if (role !== "user" && role !== "assistant")
      throw new Refused(
        400,
        `messages: Unexpected role "${String(role)}". The Messages API accepts a top-level \`system\` parameter, not "system" as an input message role.`,
      );
    if (content === "")
      throw new Refused(400, `messages.${index}: user messages must have non-empty content`);
    const blocks = objectsOf(content);
    const answered = blocks
      .filter(({ type }) => type === "tool_result")
      .map((block) => String(block["tool_use_id"]));
    const missing = open.filter((id) => !answered.includes(id));
    if (missing.length > 0)
      throw new Refused(
        400,
        `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
      );
    const stray = answered.find((id) => !open.includes(id));
    if (stray !== undefined)
      throw new Refused(
        400,
        `messages.${index}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    checkBlocks(blocks, index);
    open = blocks.filter(({ type }) => type === "tool_use").map(({ id }) => String(id));
  }
}

function checkBlocks(blocks: readonly Json[], index: number): void {
  for (const [at, block] of blocks.entries()) {
    const where = `messages.${index}.content.${at}`;
    if (block["type"] === "text" && block["text"] === "")
      throw new Refused(400, "messages: text content blocks must be non-empty");
    if (block["type"] === "thinking" && stringOf(block["signature"]) === undefined)
      throw new Refused(400, `${where}.thinking.signature: Field required`);
    if (block["type"] === "thinking" && block["signature"] !== SIGNATURE)
      throw new Refused(400, `${where}: Invalid \`signature\` in \`thinking\` block`);
  }
}

/** The signature of every thinking block; sent back changed, it is refused. */
export const SIGNATURE = Buffer.from("mock signature of a thought").toString("base64");

function checkThinking(thinking: Json, choice: Json, maxTokens: number): void {
  if (thinking["type"] === "enabled") {
    const budget = numberOf(thinking["budget_tokens"]);
    if (budget === undefined)
      throw new Refused(400, "thinking.enabled.budget_tokens: Field required");
    if (budget < 1024)
      throw new Refused(
        400,
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
      );
    if (budget >= maxTokens)
      throw new Refused(400, "`max_tokens` must be greater than `thinking.budget_tokens`.");
    if (choice["type"] === "any" || choice["type"] === "tool")
      throw new Refused(400, "Thinking may not be enabled when tool_choice forces tool use.");
  }
}

function choiceOf({ type, name }: Json): Ask["toolChoice"] {
  if (type === "tool") return { name: String(name) };
  if (type === "any") return "required";
  return type === "none" ? "none" : "auto";
}

function schemaOf(body: Json): { schema?: unknown } {
  const format = objectOf(objectOf(body["output_config"])["format"] ?? body["output_format"]);
  return format["type"] === "json_schema" ? { schema: format["schema"] } : {};
}

/** Images of the messages and of the tool results in them. */
function imagesIn(messages: readonly Json[]): number {
  const blocks = messages.flatMap(({ content }) => objectsOf(content));
  const inner = blocks.flatMap(({ type, content }) =>
    type === "tool_result" ? objectsOf(content) : [],
  );
  const images = [...blocks, ...inner].filter(({ type }) => type === "image");
  for (const image of images) checkImage(objectOf(image["source"]));
  return images.length;
}

function checkImage(source: Json): void {
  const where = "messages.0.content.0.image.source";
  if (source["type"] === "url") {
    if (!String(source["url"]).startsWith("https://"))
      throw new Refused(400, `${where}.url: Only HTTPS URLs are supported.`);
  } else if (source["type"] === "base64") {
    if (!MEDIA_TYPES.includes(String(source["media_type"])))
      throw new Refused(
        400,
        `${where}.base64.media_type: Input should be ${MEDIA_TYPES.map((one) => `'${one}'`).join(", ")}`,
      );
    if (!isBase64(source["data"])) throw new Refused(400, `${where}.base64: invalid base64 data`);
  } else if (source["type"] !== "file")
    throw new Refused(400, `${where}: Input tag must be one of: 'base64', 'url', 'file'`);
}
