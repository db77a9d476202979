import type {
  CacheMark,
  ChatMessage,
  ChatRequest,
  ContentPart,
  Foreign,
  Reasoning,
  ReasoningPart,
  ToolCall,
  ToolDefinition,
} from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { parseBody } from "../parse-body.ts";
import {
  AnthropicCountTokensBody,
  AnthropicMessagesBody,
  type Block,
  type CustomTool,
  type ServerTool,
  type TextBlock,
  type ToolResultBlock,
  type WireMessage,
} from "./body.ts";

/** Anthropic's request bodies turned into canonical requests. Pure. */

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const KNOWN = new Set(Object.keys(AnthropicMessagesBody.shape));

/** Checks and translates the body of `POST /v1/messages`. */
export function toChatRequest(body: unknown): ChatRequest {
  const parsed = parseBody(AnthropicMessagesBody, body);
  const request: Mutable<ChatRequest> = {
    ...toPrompt(parsed, body),
    maxTokens: parsed.max_tokens,
    stop: parsed.stop_sequences ?? [],
    stream: parsed.stream ?? false,
    sampling: {
      ...(parsed.temperature != null && { temperature: parsed.temperature }),
      ...(parsed.top_p != null && { topP: parsed.top_p }),
      ...(parsed.top_k != null && { topK: parsed.top_k }),
    },
  };
  const user = parsed.metadata?.user_id;
  if (user != null) request.user = user;
  return request;
}

/** Checks and translates the body of `POST /v1/messages/count_tokens`: a prompt, nothing to make. */
export function toCountTokensRequest(body: unknown): ChatRequest {
  return toPrompt(parseBody(AnthropicCountTokensBody, body), body);
}

function toPrompt(parsed: AnthropicCountTokensBody, body: unknown): ChatRequest {
  const request: Mutable<ChatRequest> = {
    kind: "chat",
    model: parsed.model,
    messages: [
      ...toSystem(parsed.system),
      ...parsed.messages.flatMap((message) => toMessages(message)),
    ],
    sampling: {},
    stop: [],
    n: 1,
    stream: false,
    // parseBody has shown that it is an object.
    source: { dialect: "anthropic-messages", body: body as Record<string, unknown> },
  };
  toTools(request, parsed);
  const format = parsed.output_config?.format ?? parsed.output_format;
  if (format) {
    request.responseFormat = {
      type: "json_schema",
      name: "answer",
      schema: format.schema,
      strict: true,
    };
  }
  const reasoning = toReasoning(parsed);
  if (reasoning) request.reasoning = reasoning;
  const extra = Object.entries(parsed).filter(([key]) => !KNOWN.has(key));
  if (extra.length > 0) request.extra = Object.fromEntries(extra);
  return request;
}

function toTools(
  request: Mutable<ChatRequest>,
  { tools, tool_choice: choice }: AnthropicCountTokensBody,
): void {
  const all = tools ?? [];
  const custom = all.filter(isCustom);
  const server = all.filter((tool): tool is ServerTool => !isCustom(tool));
  if (custom.length > 0) request.tools = custom.map(toTool);
  if (server.length > 0) {
    request.foreignTools = server.map((tool) => foreign(`a "${tool.type}" tool`, tool));
  }
  if (!choice) return;
  request.toolChoice = toToolChoice(choice);
  if (choice.disable_parallel_tool_use != null) {
    request.parallelToolCalls = !choice.disable_parallel_tool_use;
  }
}

function isCustom(tool: CustomTool | ServerTool): tool is CustomTool {
  return tool.type == null || tool.type === "custom";
}

function toToolChoice({
  type,
  name,
}: NonNullable<AnthropicCountTokensBody["tool_choice"]>): NonNullable<ChatRequest["toolChoice"]> {
  if (type === "any") return "required";
  if (type !== "tool") return type;
  if (name) return { name };
  throw new WeirError("invalid_request", "tool_choice.name: say which tool to use", {
    param: "tool_choice.name",
  });
}

function toTool(tool: CustomTool): ToolDefinition {
  return {
    name: tool.name,
    ...(tool.description != null && { description: tool.description }),
    parameters: tool.input_schema,
    ...(tool.strict != null && { strict: tool.strict }),
    ...cacheOf(tool),
  };
}

const EFFORTS: Readonly<Record<string, NonNullable<Reasoning["effort"]>>> = {
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "xhigh",
  max: "xhigh",
};

function toReasoning({ thinking, output_config }: AnthropicCountTokensBody): Reasoning | undefined {
  if (thinking?.type === "disabled") return { effort: "none" };
  const effort = EFFORTS[output_config?.effort ?? ""];
  if (!thinking) return effort && { effort };
  return {
    ...(effort && { effort }),
    ...(thinking.budget_tokens != null && { budgetTokens: thinking.budget_tokens }),
    summary: thinking.display === "omitted" ? "none" : "auto",
  };
}

/**
 * Claude Code puts a line about itself before the system prompt that changes with every request. To
 * any other upstream it is noise that spoils the prompt cache; Anthropic gets it with the source.
 */
const ATTRIBUTION = "x-anthropic-billing-header:";

function toSystem(blocks: readonly TextBlock[] | null | undefined): ChatMessage[] {
  const kept = blocks?.flatMap(withoutAttribution) ?? [];
  if (kept.length === 0) return [];
  return [{ role: "system", content: toContent(kept.map(toText)) }];
}

/** What follows the line in its block is the prompt itself. */
function withoutAttribution(block: TextBlock): TextBlock[] {
  if (!block.text.startsWith(ATTRIBUTION)) return [block];
  const end = block.text.indexOf("\n");
  return end === -1 ? [] : [{ ...block, text: block.text.slice(end + 1) }];
}

function toMessages({ role, content }: WireMessage): ChatMessage[] {
  if (role === "assistant") return [toAssistant(content)];
  const results = content.filter((block) => block.type === "tool_result");
  const rest = content.filter((block) => block.type !== "tool_result");
  const messages = results.map(toToolMessage);
  if (rest.length > 0 || results.length === 0) {
    messages.push({ role, content: toContent(rest.map(toPart)) });
  }
  return messages;
}

function toToolMessage(block: ToolResultBlock): ChatMessage {
  const parts = (block.content ?? []).map(toPart);
  const last = parts.at(-1);
  const cached = last && last.type !== "audio" && last.type !== "foreign";
  if (cached && block.cache_control) parts.splice(-1, 1, { ...last, ...cacheOf(block) });
  return {
    role: "tool",
    toolCallId: block.tool_use_id,
    content: toContent(parts),
    ...(block.is_error && { isError: true }),
  };
}

function toAssistant(blocks: readonly Block[]): ChatMessage {
  const reasoning: ReasoningPart[] = [];
  const content: ContentPart[] = [];
  const toolCalls: ToolCall[] = [];
  for (const block of blocks) {
    if (block.type === "thinking") {
      const { thinking: text, signature } = block;
      reasoning.push({ text, ...(signature && { signature }) });
    } else if (block.type === "redacted_thinking") {
      reasoning.push({ text: "", redacted: block.data });
    } else if (block.type === "tool_use") toolCalls.push(toToolCall(block));
    else content.push(toPart(block));
  }
  return {
    role: "assistant",
    content: content.length > 0 ? toContent(content) : null,
    ...(reasoning.length > 0 && { reasoning }),
    ...(toolCalls.length > 0 && { toolCalls }),
  };
}

function toToolCall(block: Extract<Block, { type: "tool_use" }>): ToolCall {
  const { id, name, input, signature } = block;
  return {
    id,
    name,
    arguments: JSON.stringify(input ?? {}),
    ...(signature && { signature }),
    ...cacheOf(block),
  };
}

/** One plain text is a string, as most clients write it. */
function toContent(parts: readonly ContentPart[]): string | readonly ContentPart[] {
  const [first] = parts;
  if (!first) return "";
  return parts.length === 1 && first.type === "text" && !first.cache ? first.text : parts;
}

function toText(block: TextBlock): ContentPart {
  return { type: "text", text: block.text, ...cacheOf(block) };
}

function toPart(block: Block): ContentPart {
  if (block.type === "text") return toText(block);
  if (block.type === "image" || block.type === "document") return toMedia(block);
  const value = block.type === "other" ? block.value : block;
  return foreign(`a "${value.type}" block`, value);
}

function toMedia(block: Extract<Block, { type: "image" | "document" }>): ContentPart {
  const { type, source } = block;
  if (source.type === "file" || source.type === "content") {
    return foreign(`a "${type}" block with a source of type "${source.type}"`, block);
  }
  const url = toUrl(source);
  if (type === "image") return { type, url, ...cacheOf(block) };
  return {
    type: "file",
    url,
    ...(block.title != null && { name: block.title }),
    ...cacheOf(block),
  };
}

function toUrl(
  source:
    | { readonly type: "base64"; readonly media_type: string; readonly data: string }
    | { readonly type: "url"; readonly url: string }
    | { readonly type: "text"; readonly data: string },
): string {
  if (source.type === "url") return source.url;
  if (source.type === "base64") return `data:${source.media_type};base64,${source.data}`;
  return `data:text/plain;base64,${Buffer.from(source.data).toString("base64")}`;
}

function cacheOf({
  cache_control: mark,
}: {
  readonly cache_control?: TextBlock["cache_control"];
}): { readonly cache?: CacheMark } {
  if (!mark) return {};
  return { cache: mark.ttl ? { ttl: mark.ttl } : {} };
}

function foreign(what: string, value: unknown): Foreign {
  return { type: "foreign", dialect: "anthropic-messages", what, value };
}
