import type {
  CacheMark,
  ChatMessage,
  ChatRequest,
  ContentPart,
  ToolCall,
  ToolDefinition,
} from "../../chat.ts";
import { parseDataUrl, textOfData } from "../data-url.ts";
import { toPlainId, toToolInput } from "../tool-input.ts";
import { type Block, type Prompt, type Turn, toTurns } from "../turns.ts";
import { nativeValue, unsupported } from "../wishes.ts";

/** Canonical messages written as Anthropic's: a system prompt and turns that alternate. Pure. */

/** System texts apart, and turns as Anthropic takes them. */
export function toPrompt(messages: readonly ChatMessage[]): Prompt {
  const prompt = toTurns(messages, { toBlocks, toTurnBlocks });
  for (const turn of prompt.turns) if (turn.role === "user") resultsFirst(turn);
  trimEnd(prompt.turns.at(-1));
  return prompt;
}

/** Anthropic takes the results of calls only before anything else in their turn. */
function resultsFirst({ content }: Turn): void {
  const isResult = (block: Block): boolean => block["type"] === "tool_result";
  const results = content.filter(isResult);
  if (results.length === 0) return;
  content.splice(0, Infinity, ...results, ...content.filter((block) => !isResult(block)));
}

/** An answer that the model shall go on with may not end in white space. */
function trimEnd(turn: Turn | undefined): void {
  const last = turn?.role === "assistant" ? turn.content.at(-1) : undefined;
  if (typeof last?.["text"] !== "string") return;
  turn?.content.splice(-1, 1, { ...last, text: last["text"].trimEnd() });
}

/** Whether the prompt ends in the middle of a chain of calls, and the thought before it is lost. */
export function isBrokenChain(turns: readonly Turn[]): boolean {
  const isAnswer = turns.at(-1)?.content.some((block) => block["type"] === "tool_result");
  const first = turns.at(-2)?.content[0]?.["type"];
  return isAnswer === true && first !== "thinking" && first !== "redacted_thinking";
}

function toTurnBlocks(message: ChatMessage): Block[] {
  if (message.role === "tool") return [toToolResult(message)];
  if (message.role !== "assistant") return toBlocks(message.content);
  return [
    ...toThinking(message),
    ...toBlocks(message.content),
    ...(message.toolCalls ?? []).map(toToolUse),
  ];
}

/** A thought without Anthropic's proof is refused, so it stays away. */
function toThinking({ reasoning = [] }: ChatMessage): Block[] {
  return reasoning.flatMap(({ text, signature, redacted }): Block[] => {
    if (redacted !== undefined) return [{ type: "redacted_thinking", data: redacted }];
    return signature ? [{ type: "thinking", thinking: text, signature }] : [];
  });
}

function toToolUse({ id, name, arguments: text, cache }: ToolCall): Block {
  return { type: "tool_use", id: toPlainId(id), name, input: toToolInput(text), ...toMark(cache) };
}

function toToolResult({ content, toolCallId = "", isError }: ChatMessage): Block {
  const inner = content === null || typeof content === "string" ? content : toBlocks(content);
  return {
    type: "tool_result",
    tool_use_id: toPlainId(toolCallId),
    ...(inner?.length && { content: inner }),
    ...(isError && { is_error: true }),
  };
}

function toBlocks(content: ChatMessage["content"]): Block[] {
  const parts: readonly ContentPart[] =
    typeof content === "string" ? [{ type: "text", text: content }] : (content ?? []);
  // A text of nothing but white space is an error there.
  return parts.filter((part) => part.type !== "text" || part.text.trim() !== "").map(toBlock);
}

function toBlock(part: ContentPart): Block {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text, ...toMark(part.cache) };
    case "image":
      return { type: "image", source: toImageSource(part.url), ...toMark(part.cache) };
    case "file":
      return {
        type: "document",
        source: toDocumentSource(part.url),
        ...(part.name !== undefined && { title: part.name }),
        ...toMark(part.cache),
      };
    case "audio":
      throw unsupported("messages", "This model's provider takes no audio.");
    default:
      return nativeValue(part, "anthropic-messages") as Block;
  }
}

function toImageSource(url: string): Block {
  const data = parseDataUrl(url);
  if (!data) return { type: "url", url };
  return { type: "base64", media_type: data.mediaType, data: data.base64 };
}

function toDocumentSource(url: string): Block {
  const data = parseDataUrl(url);
  if (!data) return { type: "url", url };
  if (data.mediaType.startsWith("text/")) {
    return { type: "text", media_type: "text/plain", data: textOfData(data) };
  }
  if (data.mediaType === "application/pdf") {
    return { type: "base64", media_type: data.mediaType, data: data.base64 };
  }
  throw unsupported(
    "messages",
    `This model's provider takes PDF and text files, not "${data.mediaType}".`,
  );
}

function toMark(cache: CacheMark | undefined): Block {
  return cache ? { cache_control: { type: "ephemeral", ...cache } } : {};
}

/** The tools and the choice among them. */
export function toToolFields(request: ChatRequest): Block {
  const { tools = [], foreignTools = [], toolChoice, parallelToolCalls } = request;
  const all = [
    ...tools.map(toTool),
    ...foreignTools.map((tool) => nativeValue(tool, "anthropic-messages", "tools")),
  ];
  if (all.length === 0) return {};
  const once = parallelToolCalls === false && { disable_parallel_tool_use: true };
  if (toolChoice === undefined && !once) return { tools: all };
  if (typeof toolChoice === "object") {
    return { tools: all, tool_choice: { type: "tool", name: toolChoice.name, ...once } };
  }
  if (toolChoice === "none") return { tools: all, tool_choice: { type: "none" } };
  const type = toolChoice === "required" ? "any" : "auto";
  return { tools: all, tool_choice: { type, ...once } };
}

function toTool({ name, description, parameters, strict, cache }: ToolDefinition): Block {
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: parameters ?? { type: "object", properties: {} },
    ...(strict && { strict }),
    ...toMark(cache),
  };
}
