import type { ChatEvent, Frame, TokenLogprob, Usage } from "../../chat.ts";
import type { AnswerHead, StreamWriter } from "../client-protocol.ts";
import { type Choice, collect, reasoningText } from "../collect.ts";
import { stretches, withModel } from "../relay.ts";
import { formatError } from "./error.ts";
import { toWireUsage } from "./usage.ts";

/** Canonical events written as chat completions: whole ones and stream chunks. Pure. */

/** The body of a chat completion that was not streamed. */
export function formatChatCompletion(
  head: AnswerHead,
  events: readonly ChatEvent[],
  usage: Usage,
): string {
  const [only, second] = stretches(events, "openai-chat");
  if (only?.frame && !second) return withModel(only.frame, head.model);
  const { choices } = collect(events);
  return JSON.stringify({
    id: head.id,
    object: "chat.completion",
    created: head.created,
    model: head.model,
    choices: choices.map((choice, index) => ({
      index,
      message: toWireMessage(choice),
      logprobs: choice.logprobs
        ? { content: choice.logprobs.map(toWireLogprob), refusal: null }
        : null,
      finish_reason: choice.finish,
    })),
    usage: toWireUsage(usage),
  });
}

function toWireMessage(choice: Choice): Record<string, unknown> {
  const { text, refusal, toolCalls, reasoning } = choice;
  const thought = reasoningText(choice);
  return {
    role: "assistant",
    content: text === "" && (toolCalls.length > 0 || refusal !== "") ? null : text,
    refusal: refusal === "" ? null : refusal,
    ...(thought && { reasoning_content: thought }),
    ...(reasoning.some(isSigned) && {
      reasoning_details: reasoning.map((part, index) => toReasoningDetail(part, index)),
    }),
    ...(toolCalls.length > 0 && {
      tool_calls: toolCalls.map(({ id, name, arguments: args, signature }) => ({
        id,
        type: "function",
        function: { name, arguments: args },
        ...toExtraContent(signature),
      })),
    }),
  };
}

interface Signed {
  readonly signature?: string;
  readonly redacted?: string;
}

function isSigned({ signature, redacted }: Signed): boolean {
  return signature !== undefined || redacted !== undefined;
}

/** Thinking as OpenRouter's clients know it: the signature must come back with the next request. */
export function toReasoningDetail(
  { text, signature, redacted }: Signed & { readonly text: string },
  index: number,
): Record<string, unknown> {
  if (redacted !== undefined) return { type: "reasoning.encrypted", data: redacted, index };
  return { type: "reasoning.text", text, ...(signature !== undefined && { signature }), index };
}

function toExtraContent(signature: string | undefined): Record<string, unknown> {
  if (signature === undefined) return {};
  return { extra_content: { google: { thought_signature: signature } } };
}

export function createChatWriter(head: AnswerHead, includeUsage: boolean): StreamWriter {
  return new ChatWriter(head, includeUsage);
}

class ChatWriter implements StreamWriter {
  private readonly head: AnswerHead;
  private readonly includeUsage: boolean;
  private readonly opened = new Set<number>();
  private before: string;
  private readonly after: string;
  private hasUsage = false;

  constructor(head: AnswerHead, includeUsage: boolean) {
    this.head = head;
    this.includeUsage = includeUsage;
    this.before = toBefore(head, head.model);
    this.after = includeUsage ? ',"usage":null}' : "}";
  }

  events(events: readonly ChatEvent[]): string {
    const [first] = events;
    // The one event of one token is what comes a thousand times.
    if (first && events.length === 1 && !first.frame) return this.write(first);
    let text = "";
    for (const { frame, events: covered } of stretches(events, "openai-chat")) {
      if (frame) text += this.relay(frame, covered);
      else for (const event of covered) text += this.write(event);
    }
    return text;
  }

  end(usage: Usage): string {
    const last = this.includeUsage && !this.hasUsage ? this.write({ type: "usage", usage }) : "";
    return `${last}data: [DONE]\n\n`;
  }

  fail(error: Parameters<StreamWriter["fail"]>[0], requestId: string): string {
    return `data: ${formatError(error, requestId)}\n\ndata: [DONE]\n\n`;
  }

  private relay(frame: Frame, events: readonly ChatEvent[]): string {
    const { id, created, choices } = frame.value;
    // What the guard rewrites must look like the chunks around it.
    if (this.opened.size === 0 && typeof id === "string" && typeof created === "number") {
      this.before = toBefore({ id, created }, this.head.model);
    }
    const isUsage = Array.isArray(choices) && choices.length === 0 && "usage" in frame.value;
    if (isUsage && !this.includeUsage) return "";
    for (const index of speakersOf(choices)) this.opened.add(index);
    let opening = "";
    for (const event of events) {
      if (event.type === "usage") this.hasUsage = true;
      else if (event.type !== "frame") opening += this.open(event.index);
    }
    return `${opening}data: ${withModel(frame, this.head.model)}\n\n`;
  }

  /** Who speaks: some servers never say it, and OpenAI's client wants to know. */
  private open(index: number): string {
    if (this.opened.has(index)) return "";
    this.opened.add(index);
    return this.chunk(index, '{"role":"assistant","content":"","refusal":null}');
  }

  private write(event: ChatEvent): string {
    if (event.type === "frame") return "";
    if (event.type === "usage") {
      this.hasUsage = true;
      if (!this.includeUsage) return "";
      return `data: ${this.before}"choices":[],"usage":${JSON.stringify(toWireUsage(event.usage))}}\n\n`;
    }
    const { index } = event;
    const text = this.open(index);
    if (event.type === "finish") return text + this.chunk(index, "{}", event.reason);
    const logprobs = event.type === "text-delta" ? event.logprobs : undefined;
    return text + this.chunk(index, toDelta(event), undefined, logprobs);
  }

  private chunk(
    index: number,
    delta: string,
    finish?: string,
    logprobs?: readonly TokenLogprob[],
  ): string {
    const odds = logprobs
      ? JSON.stringify({ content: logprobs.map(toWireLogprob), refusal: null })
      : "null";
    const reason = finish === undefined ? "null" : `"${finish}"`;
    return `data: ${this.before}"choices":[{"index":${index},"delta":${delta},"logprobs":${odds},"finish_reason":${reason}}]${this.after}\n\n`;
  }
}

/** The answers whose speaker a chunk names. */
function speakersOf(choices: unknown): number[] {
  if (!Array.isArray(choices)) return [];
  // Only chunks that were read are relayed: what stands in `choices` are choices.
  return (choices as Speaking[]).flatMap(({ index, delta }) => (delta?.role ? [index] : []));
}

interface Speaking {
  readonly index: number;
  readonly delta?: { readonly role?: string | null };
}

function toBefore({ id, created }: Pick<AnswerHead, "id" | "created">, model: string): string {
  return `{"id":${JSON.stringify(id)},"object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)},`;
}

type Delta = Exclude<ChatEvent, { type: "finish" | "usage" | "frame" }>;

function toDelta(event: Delta): string {
  switch (event.type) {
    case "text-delta":
      return `{"content":${JSON.stringify(event.text)}}`;
    case "refusal-delta":
      return `{"refusal":${JSON.stringify(event.text)}}`;
    case "reasoning-delta":
      return JSON.stringify({
        ...(event.text !== "" && { reasoning_content: event.text }),
        ...(isSigned(event) && { reasoning_details: [toReasoningDetail(event, event.part ?? 0)] }),
      });
  }
  const call = {
    index: event.call,
    ...(event.id && { id: event.id, type: "function" }),
    function: { ...(event.name && { name: event.name }), arguments: event.arguments },
    ...toExtraContent(event.signature),
  };
  return JSON.stringify({ tool_calls: [call] });
}

function toWireLogprob({ token, logprob, bytes, top }: TokenLogprob): Record<string, unknown> {
  return { token, logprob, bytes, top_logprobs: top };
}
