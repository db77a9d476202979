import type { CacheMark, ChatMessage, ContentPart, ToolCall } from "../../chat.ts";
import { parseDataUrl } from "../data-url.ts";
import { toPlainId, toToolInput } from "../tool-input.ts";
import { type Block, type Prompt, type Turn, toTurns } from "../turns.ts";
import { nativeValue, unsupported } from "../wishes.ts";

/** Canonical messages written as Bedrock's Converse wants them. Bytes are base64 in its JSON. Pure. */

/** System texts apart, and turns. */
export function toPrompt(messages: readonly ChatMessage[]): Prompt {
  return toTurns(messages, { toBlocks, toTurnBlocks });
}

/** Whether the prompt ends in the middle of a chain of calls, and the thought before it is lost. */
export function isBrokenChain(turns: readonly Turn[]): boolean {
  const isAnswer = turns.at(-1)?.content.some((block) => "toolResult" in block) ?? false;
  const first = turns.at(-2)?.content[0];
  return isAnswer && (first === undefined || !("reasoningContent" in first));
}

function toTurnBlocks(message: ChatMessage): Block[] {
  if (message.role === "tool") return toToolResult(message);
  if (message.role !== "assistant") return toBlocks(message.content);
  return [
    ...toReasoning(message),
    ...toBlocks(message.content),
    ...(message.toolCalls ?? []).flatMap(toToolUse),
  ];
}

/** A thought without its upstream's proof is refused, so it stays away. */
function toReasoning({ reasoning = [] }: ChatMessage): Block[] {
  return reasoning.flatMap(({ text, signature, redacted }): Block[] => {
    if (redacted !== undefined) return [{ reasoningContent: { redactedContent: redacted } }];
    return signature ? [{ reasoningContent: { reasoningText: { text, signature } } }] : [];
  });
}

function toToolUse({ id, name, arguments: text, cache }: ToolCall): Block[] {
  const toolUse = { toolUseId: toPlainId(id), name, input: toToolInput(text) };
  return [{ toolUse }, ...toCachePoint(cache)];
}

/** A cache point has no place within a result: it stands after it. */
function toToolResult({ content, toolCallId = "", isError }: ChatMessage): Block[] {
  const isPoint = (block: Block): boolean => "cachePoint" in block;
  const blocks = toBlocks(content);
  const toolResult = {
    toolUseId: toPlainId(toolCallId),
    content: blocks.filter((block) => !isPoint(block)),
    ...(isError && { status: "error" }),
  };
  return [{ toolResult }, ...blocks.filter(isPoint).slice(-1)];
}

function toBlocks(content: ChatMessage["content"]): Block[] {
  const parts: readonly ContentPart[] =
    typeof content === "string" ? [{ type: "text", text: content }] : (content ?? []);
  return parts.flatMap((part): Block[] => {
    // A text of nothing but white space is an error there.
    if (part.type === "text" && part.text.trim() === "") return [];
    return [toBlock(part), ...("cache" in part ? toCachePoint(part.cache) : [])];
  });
}

function toBlock(part: ContentPart): Block {
  switch (part.type) {
    case "text":
      return { text: part.text };
    case "image":
      return { image: { format: toImageFormat(part.url), source: { bytes: toBytes(part.url) } } };
    case "audio":
      return { audio: { format: part.format, source: { bytes: part.base64 } } };
    case "file":
      return {
        document: {
          format: toDocumentFormat(part.url),
          name: toDocumentName(part.name),
          source: { bytes: toBytes(part.url) },
        },
      };
    default:
      return nativeValue(part, "bedrock-converse") as Block;
  }
}

function toBytes(url: string): string {
  const data = parseDataUrl(url);
  if (data) return data.base64;
  throw unsupported(
    "messages",
    "This model's provider fetches nothing: send images and files as data: URLs in base64.",
  );
}

function toImageFormat(url: string): string {
  return parseDataUrl(url)?.mediaType.replace(/^image\//, "") ?? "";
}

const DOCUMENT_FORMATS: Readonly<Record<string, string>> = {
  "application/pdf": "pdf",
  "text/csv": "csv",
  "text/html": "html",
  "text/markdown": "md",
  "text/plain": "txt",
  "application/msword": "doc",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/vnd.ms-excel": "xls",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
};

function toDocumentFormat(url: string): string | undefined {
  const { mediaType = "" } = parseDataUrl(url) ?? {};
  const format = DOCUMENT_FORMATS[mediaType];
  if (format || mediaType === "") return format;
  throw unsupported("messages", `This model's provider takes no files of type "${mediaType}".`);
}

/** Converse takes letters, digits, single spaces, hyphens and brackets only. */
function toDocumentName(name = "document"): string {
  const plain = name.replace(/\.\w+$/, "").replaceAll(/[^a-zA-Z0-9()[\]-]+/g, " ");
  return plain.trim() || "document";
}

/** The mark that ends what may be cached. */
export function toCachePoint(cache: CacheMark | undefined): Block[] {
  return cache ? [{ cachePoint: { type: "default", ...cache } }] : [];
}
