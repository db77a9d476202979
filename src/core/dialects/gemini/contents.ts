import type { ChatMessage, ContentPart, ToolCall } from "../../chat.ts";
import { parseDataUrl } from "../data-url.ts";
import { toToolInput } from "../tool-input.ts";
import { nativeValue } from "../wishes.ts";

/** Canonical messages written as Gemini's contents. Cache marks have no word: it caches by itself. */

type Part = Readonly<Record<string, unknown>>;

export interface Content {
  readonly role: "user" | "model";
  readonly parts: Part[];
}

export interface Prompt {
  readonly systemInstruction: { readonly parts: Part[] };
  readonly contents: Content[];
}

/** Neighbours of one role become one content. `needsProof`: see `toCalls`. */
export function toPrompt(messages: readonly ChatMessage[], needsProof: boolean): Prompt {
  const system: Part[] = [];
  const contents: Content[] = [];
  const names = new Map<string, string>();
  for (const message of messages) {
    for (const { id, name } of message.toolCalls ?? []) names.set(id, name);
    if (message.role === "system" || message.role === "developer") {
      system.push(...toParts(message.content));
      continue;
    }
    const role = message.role === "assistant" ? "model" : "user";
    const parts = toTurn(message, names, needsProof);
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else if (parts.length > 0) contents.push({ role, parts });
  }
  // Gemini wants something to answer; a lone system prompt is what other clients send for that.
  if (contents.length === 0) contents.push({ role: "user", parts: system.splice(0) });
  return { systemInstruction: { parts: system }, contents };
}

function toTurn(
  message: ChatMessage,
  names: ReadonlyMap<string, string>,
  needsProof: boolean,
): Part[] {
  if (message.role === "tool") return [toFunctionResponse(message, names)];
  const parts = toParts(message.content);
  if (message.role !== "assistant") return parts;
  // Only the proof of a thought goes back, on the part that came of it: its text was a summary.
  const thoughtSignature = message.reasoning?.findLast(({ signature }) => signature)?.signature;
  const last = parts.at(-1);
  if (last && thoughtSignature) parts.splice(-1, 1, { ...last, thoughtSignature });
  const calls = message.toolCalls ?? [];
  return [...parts, ...toCalls(calls, last ? undefined : thoughtSignature, needsProof)];
}

/** Google's documented stand-in where a conversation's earlier turns came from another model. */
const NO_PROOF = "skip_thought_signature_validator";

/** Gemini 3 refuses a turn whose first call comes without the proof of the thought before it. */
function toCalls(
  calls: readonly ToolCall[],
  fallback: string | undefined,
  needsProof: boolean,
): Part[] {
  const isProven = calls.some(({ signature }) => signature);
  const stand = isProven ? undefined : (fallback ?? (needsProof ? NO_PROOF : undefined));
  return calls.map(({ id, name, arguments: text, signature }, at) => {
    const proof = signature ?? (at === 0 ? stand : undefined);
    return {
      functionCall: { ...toId(id), name, args: toToolInput(text) },
      ...(proof !== undefined && { thoughtSignature: proof }),
    };
  });
}

/** The ids that Weir made for calls that came without one stay with Weir. */
function toId(id: string): { readonly id?: string } {
  return id.startsWith("call_") ? {} : { id };
}

function toFunctionResponse(
  { content, toolCallId = "", name, isError }: ChatMessage,
  names: ReadonlyMap<string, string>,
): Part {
  const parts = toParts(content);
  const text = parts.map((part) => (typeof part["text"] === "string" ? part["text"] : "")).join("");
  const media = parts.filter((part) => !("text" in part));
  return {
    functionResponse: {
      ...toId(toolCallId),
      name: names.get(toolCallId) ?? name ?? toolCallId,
      response: isError ? { error: text } : toResponse(text),
      ...(media.length > 0 && { parts: media }),
    },
  };
}

function toResponse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // A text like any other.
  }
  return { result: text };
}

function toParts(content: ChatMessage["content"]): Part[] {
  if (content === null || content === "") return [];
  return typeof content === "string" ? [{ text: content }] : content.map(toPart);
}

function toPart(part: ContentPart): Part {
  switch (part.type) {
    case "text":
      return { text: part.text };
    case "audio":
      return { inlineData: { mimeType: `audio/${part.format}`, data: part.base64 } };
    case "image":
    case "file":
      return toMedia(part.url);
    default:
      return nativeValue(part, "gemini") as Part;
  }
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  heic: "image/heic",
  pdf: "application/pdf",
  txt: "text/plain",
};

function toMedia(url: string): Part {
  const data = parseDataUrl(url);
  if (data) return { inlineData: { mimeType: data.mediaType, data: data.base64 } };
  const mimeType = MEDIA_TYPES[/\.(\w+)(?:[?#]|$)/.exec(url)?.[1]?.toLowerCase() ?? ""];
  return { fileData: { fileUri: url, ...(mimeType && { mimeType }) } };
}
