import type { ChatMessage, ContentPart, Foreign, ReasoningPart, ToolCall } from "../../chat.ts";
import type { Item, Part } from "./body.ts";
import { openProof } from "./reasoning.ts";

/** One answer of the model, gathered from its items: thoughts, a message and calls stand apart on the wire. */
interface Turn {
  readonly reasoning: ReasoningPart[];
  readonly content: ContentPart[];
  readonly toolCalls: ToolCall[];
}

/** Items as messages, in order. */
export function toMessages(items: readonly Item[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let turn: Turn | undefined;

  function close(): void {
    if (turn) messages.push(toAssistant(turn));
    turn = undefined;
  }

  for (const item of items) {
    if (belongsToModel(item)) {
      // Two texts in a row are two answers; a text after a call still belongs to the call's answer.
      const isNext = item.type === "message" && turn?.content.length && !turn.toolCalls.length;
      if (isNext) close();
      addTo((turn ??= { reasoning: [], content: [], toolCalls: [] }), item);
    } else {
      close();
      messages.push(toMessage(item));
    }
  }
  close();
  return messages;
}

type ModelItem =
  | Extract<Item, { type: "function_call" | "reasoning" }>
  | (Extract<Item, { type: "message" }> & { role: "assistant" });
type OtherItem = Exclude<Item, { type: "function_call" | "reasoning" }>;

function belongsToModel(item: Item): item is ModelItem {
  if (item.type === "message") return item.role === "assistant";
  return item.type === "function_call" || item.type === "reasoning";
}

function addTo(turn: Turn, item: ModelItem): void {
  if (item.type === "message") turn.content.push(...item.content.map(toPart));
  else if (item.type === "reasoning") turn.reasoning.push(toReasoning(item));
  else {
    const { call_id: id, name, arguments: args, signature } = item;
    turn.toolCalls.push({ id, name, arguments: args, ...(signature != null && { signature }) });
  }
}

function toAssistant({ reasoning, content, toolCalls }: Turn): ChatMessage {
  return {
    role: "assistant",
    content: content.length > 0 ? simple(content) : null,
    ...(reasoning.length > 0 && { reasoning }),
    ...(toolCalls.length > 0 && { toolCalls }),
  };
}

function toMessage(item: OtherItem): ChatMessage {
  if (item.type === "message") {
    return { role: item.role, content: simple(item.content.map(toPart)) };
  }
  if (item.type === "function_call_output") {
    return {
      role: "tool",
      content: simple(item.output.map(toPart)),
      toolCallId: item.call_id,
    };
  }
  return { role: "user", content: [foreign(`a "${item.what}" item`, item.value)] };
}

function toReasoning({
  id,
  summary,
  content,
  encrypted_content: sealed,
}: Extract<Item, { type: "reasoning" }>): ReasoningPart {
  const parts = content?.length ? content : (summary ?? []);
  const text = parts.map((part) => ("text" in part ? part.text : "")).join("\n\n");
  return { text, ...(id != null && { id }), ...(sealed != null && openProof(sealed)) };
}

/** One plain text is a string: every upstream takes that. */
function simple(parts: readonly ContentPart[]): string | readonly ContentPart[] {
  const [only] = parts;
  if (parts.length === 0) return "";
  return parts.length === 1 && only?.type === "text" ? only.text : parts;
}

function toPart(part: Part): ContentPart {
  switch (part.type) {
    case "refusal":
      return { type: "text", text: part.refusal };
    case "input_image":
      return toImage(part);
    case "input_file":
      return toFile(part);
    case "input_audio":
      return { type: "audio", format: part.input_audio.format, base64: part.input_audio.data };
    case "foreign":
      return foreign(`a "${part.what}" part`, part.value);
    default:
      return { type: "text", text: part.text };
  }
}

function toImage(part: Extract<Part, { type: "input_image" }>): ContentPart {
  if (part.image_url == null) return foreign("an image by its file_id", part);
  return { type: "image", url: part.image_url, ...(part.detail && { detail: part.detail }) };
}

function toFile(part: Extract<Part, { type: "input_file" }>): ContentPart {
  const { filename, file_data: data } = part;
  const url = part.file_url ?? (data == null ? undefined : toDataUrl(data));
  if (url === undefined) return foreign("a file by its file_id", part);
  return { type: "file", url, ...(filename != null && { name: filename }) };
}

/** Clients send `file_data` with and without the head of a data URL. */
function toDataUrl(data: string): string {
  return data.startsWith("data:") ? data : `data:application/pdf;base64,${data}`;
}

/** Something that only this dialect has a word for. */
export function foreign(what: string, value: unknown): Foreign {
  return { type: "foreign", dialect: "openai-responses", what, value };
}
