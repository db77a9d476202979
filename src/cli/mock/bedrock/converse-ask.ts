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

const FORMATS: ReadonlySet<string> = new Set(["png", "jpeg", "gif", "webp"]);

/** What a Converse request asks; throws what Bedrock refuses. */
export function askOfConverse(model: string, body: Json): Ask {
  const messages = objectsOf(body["messages"]);
  const config = objectOf(body["inferenceConfig"]);
  const toolConfig = objectOf(body["toolConfig"]);
  const thinking = objectOf(objectOf(body["additionalModelRequestFields"])["thinking"]);
  const tools = objectsOf(toolConfig["tools"])
    .map(({ toolSpec }) => objectOf(toolSpec))
    .filter(({ name }) => name !== undefined)
    .map(({ name, inputSchema }) => ({
      name: String(name),
      schema: objectOf(inputSchema)["json"],
    }));
  if (body["toolConfig"] !== undefined && tools.length === 0)
    throw new Refused(
      400,
      "1 validation error detected: Value at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  checkMessages(messages, tools.length > 0);
  const last = objectsOf(messages.at(-1)?.["content"]);
  return {
    ...PLAIN_ASK,
    model,
    characters: JSON.stringify([body["system"] ?? "", messages]).length,
    tools,
    toolChoice: choiceOf(objectOf(toolConfig["toolChoice"])),
    lastIsToolResult: last.some(({ toolResult }) => toolResult !== undefined),
    ...schemaOf(body),
    images: imagesIn(messages),
    wantsReasoning: ["enabled", "adaptive"].includes(String(thinking["type"])),
    stop: stringsOf(config["stopSequences"]),
    maxTokens: numberOf(config["maxTokens"]),
  };
}

function checkMessages(messages: readonly Json[], hasTools: boolean): void {
  if (messages[0]?.["role"] !== "user")
    throw new Refused(
      400,
      "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
    );
  let open: string[] = [];
  for (const [index, { role, content }] of messages.entries()) {
    if (role !== "user" && role !== "assistant")
      throw new Refused(
        400,
        `1 validation error detected: Value '${String(role)}' at 'messages.${index + 1}.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]`,
      );
    const blocks = objectsOf(content);
    const results = blocks.map(({ toolResult }) => stringOf(objectOf(toolResult)["toolUseId"]));
    const missing = open.filter((id) => !results.includes(id));
    if (missing.length > 0)
      throw new Refused(
        400,
        `Expected toolResult blocks at messages.${index}.content for the following Ids: ${missing.join(", ")}`,
      );
    const uses = blocks.filter(({ toolUse }) => toolUse !== undefined);
    if (!hasTools && (uses.length > 0 || results.some((id) => id !== undefined)))
      throw new Refused(
        400,
        "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
      );
    for (const [at, { text }] of blocks.entries())
      if (typeof text === "string" && text.trim() === "")
        throw new Refused(
          400,
          `The text field in the ContentBlock object at messages.${index}.content.${at} is blank. Add text to the text field, and try again.`,
        );
    open = uses.map(({ toolUse }) => String(objectOf(toolUse)["toolUseId"]));
  }
}

function choiceOf(choice: Json): Ask["toolChoice"] {
  const name = stringOf(objectOf(choice["tool"])["name"]);
  if (name !== undefined) return { name };
  return choice["any"] === undefined ? "auto" : "required";
}

function schemaOf(body: Json): { schema?: unknown } {
  const format = objectOf(objectOf(body["outputConfig"])["textFormat"]);
  const schema = objectOf(objectOf(format["structure"])["jsonSchema"])["schema"];
  if (typeof schema !== "string") return {};
  return { schema: JSON.parse(schema) as unknown }; // a schema in a string, as AWS wants it
}

function imagesIn(messages: readonly Json[]): number {
  const blocks = messages.flatMap(({ content }) => objectsOf(content));
  const inner = blocks.flatMap(({ toolResult }) => objectsOf(objectOf(toolResult)["content"]));
  const images = [...blocks, ...inner].filter(({ image }) => image !== undefined);
  for (const block of images) {
    const { format, source } = objectOf(block["image"]);
    if (!FORMATS.has(String(format)))
      throw new Refused(
        400,
        `1 validation error detected: Value '${String(format)}' at 'messages.1.member.content.1.member.image.format' failed to satisfy constraint: Member must satisfy enum value set: [gif, jpeg, png, webp]`,
      );
    const { bytes, s3Location } = objectOf(source);
    if (s3Location === undefined && !isBase64(bytes))
      throw new Refused(400, "Unable to decode the image bytes", {
        code: "SerializationException",
      });
  }
  return images.length;
}
