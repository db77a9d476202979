import type { ChatEvent, FinishReason, TokenLogprob } from "../../chat.ts";
import { sealProof } from "./reasoning.ts";

/** An event of the stream, without its number. */
export interface OutputEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** An output item as clients see it; it grows until it is done. */
export interface OutputItem {
  readonly id: string;
  readonly type: string;
  [field: string]: unknown;
}

interface TextPart {
  readonly type: "output_text";
  text: string;
  readonly annotations: unknown[];
  readonly logprobs: unknown[];
}
interface RefusalPart {
  readonly type: "refusal";
  refusal: string;
}
interface MessageItem extends OutputItem {
  readonly content: (TextPart | RefusalPart)[];
}
interface CallItem extends OutputItem {
  name: string;
  arguments: string;
}
interface Thought {
  readonly item: OutputItem & { readonly summary: { type: "summary_text"; text: string }[] };
  readonly at: number;
  signature?: string;
  redacted?: string;
}

type Status = "completed" | "incomplete";
type Delta<T extends ChatEvent["type"]> = Extract<ChatEvent, { type: T }>;

const OWN_TYPES: ReadonlySet<unknown> = new Set(["message", "reasoning", "function_call"]);

/**
 * An answer's output items, built event by event; the stream and the whole answer are made by the
 * same steps, so they cannot differ. `emit` must read what it is given at once: items go on growing.
 *
 * One message or thought is open at a time, and ends when something else begins. Calls stay open to
 * the end, since an upstream may write several at once: each keeps its own item.
 */
export class Output {
  readonly items: OutputItem[] = [];
  finish: FinishReason = "stop";
  private readonly suffix: string;
  private readonly emit: (event: OutputEvent) => void;
  private message: { item: MessageItem; at: number } | undefined;
  private thought: Thought | undefined;
  private readonly thoughts = new Map<number, Thought>();
  private readonly calls = new Map<number, { item: CallItem; at: number }>();
  private lastFrame: unknown;

  constructor(responseId: string, emit: (event: OutputEvent) => void) {
    this.suffix = responseId.slice(responseId.indexOf("_") + 1);
    this.emit = emit;
  }

  apply(event: ChatEvent): void {
    this.readFrame(event);
    switch (event.type) {
      case "text-delta":
        this.addText(event);
        break;
      case "refusal-delta":
        this.addRefusal(event.text);
        break;
      case "reasoning-delta":
        this.think(event);
        break;
      case "tool-call-delta":
        this.call(event);
        break;
      case "finish":
        this.finish = event.reason;
    }
  }

  /** Ends whatever is open. An answer that was cut leaves its last items incomplete. */
  close(status: Status): void {
    this.endThought(status);
    this.endMessage(status);
    for (const { item, at } of this.calls.values()) {
      const place = { item_id: item.id, output_index: at };
      this.emit({
        type: "response.function_call_arguments.done",
        ...place,
        name: item.name,
        arguments: item.arguments,
      });
      this.done(item, at, status);
    }
    this.calls.clear();
  }

  private addText({ text, logprobs = [] }: Delta<"text-delta">): void {
    if (text === "" && logprobs.length === 0) return;
    const message = this.openMessage();
    const { part, index } = this.openPart(message, "output_text");
    const wire = logprobs.map(toWireLogprob);
    part.text += text;
    part.logprobs.push(...wire);
    this.emit({
      type: "response.output_text.delta",
      item_id: message.item.id,
      output_index: message.at,
      content_index: index,
      delta: text,
      logprobs: wire,
    });
  }

  private addRefusal(text: string): void {
    const message = this.openMessage();
    const { part, index } = this.openPart(message, "refusal");
    part.refusal += text;
    this.emit({
      type: "response.refusal.delta",
      item_id: message.item.id,
      output_index: message.at,
      content_index: index,
      delta: text,
    });
  }

  private openMessage(): { item: MessageItem; at: number } {
    if (this.message) return this.message;
    this.endThought("completed");
    const id = this.idOf("msg");
    const item: MessageItem = {
      id,
      type: "message",
      status: "in_progress",
      role: "assistant",
      content: [],
    };
    this.message = { item, at: this.add(item) };
    return this.message;
  }

  private openPart<T extends "output_text" | "refusal">(
    { item, at }: { item: MessageItem; at: number },
    type: T,
  ): { part: Extract<TextPart | RefusalPart, { type: T }>; index: number } {
    let part = item.content.at(-1);
    if (part?.type !== type) {
      this.endPart();
      part =
        type === "refusal"
          ? { type: "refusal", refusal: "" }
          : { type: "output_text", text: "", annotations: [], logprobs: [] };
      const place = { item_id: item.id, output_index: at, content_index: item.content.length };
      item.content.push(part);
      this.emit({ type: "response.content_part.added", ...place, part });
    }
    // The part was just made, or found, with this type.
    return {
      part: part as Extract<TextPart | RefusalPart, { type: T }>,
      index: item.content.length - 1,
    };
  }

  private endPart(): void {
    const part = this.message?.item.content.at(-1);
    if (!this.message || !part) return;
    const { item, at } = this.message;
    const place = { item_id: item.id, output_index: at, content_index: item.content.length - 1 };
    if (part.type === "refusal") {
      this.emit({ type: "response.refusal.done", ...place, refusal: part.refusal });
    } else {
      const { text, logprobs } = part;
      this.emit({ type: "response.output_text.done", ...place, text, logprobs });
    }
    this.emit({ type: "response.content_part.done", ...place, part });
  }

  private endMessage(status: Status): void {
    if (!this.message) return;
    this.endPart();
    this.done(this.message.item, this.message.at, status);
    this.message = undefined;
  }

  private think({ part = 0, text, signature, redacted }: Delta<"reasoning-delta">): void {
    const thought = this.thoughts.get(part) ?? this.beginThought(part);
    // A proof that comes late still reaches the whole answer, though its item was already sent.
    if (signature !== undefined) thought.signature = signature;
    if (redacted !== undefined) thought.redacted = redacted;
    const sealed = sealProof(thought);
    if (sealed !== undefined) thought.item["encrypted_content"] = sealed;
    if (text === "") return;
    const place = { item_id: thought.item.id, output_index: thought.at, summary_index: 0 };
    let summary = thought.item.summary[0];
    if (!summary) {
      summary = { type: "summary_text", text: "" };
      thought.item.summary.push(summary);
      this.emit({ type: "response.reasoning_summary_part.added", ...place, part: summary });
    }
    summary.text += text;
    this.emit({ type: "response.reasoning_summary_text.delta", ...place, delta: text });
  }

  private beginThought(part: number): Thought {
    this.endThought("completed");
    this.endMessage("completed");
    const item = { id: this.idOf("rs"), type: "reasoning", status: "in_progress", summary: [] };
    const thought: Thought = { item, at: this.add(item) };
    this.thought = thought;
    this.thoughts.set(part, thought);
    return thought;
  }

  private endThought(status: Status): void {
    if (!this.thought) return;
    const { item, at } = this.thought;
    this.thought = undefined;
    const [summary] = item.summary;
    if (summary) {
      const place = { item_id: item.id, output_index: at, summary_index: 0 };
      const { text } = summary;
      this.emit({ type: "response.reasoning_summary_text.done", ...place, text });
      this.emit({ type: "response.reasoning_summary_part.done", ...place, part: summary });
    }
    this.done(item, at, status);
  }

  private call(event: Delta<"tool-call-delta">): void {
    const call = this.calls.get(event.call) ?? this.beginCall(event);
    if (event.signature !== undefined) call.item["signature"] = event.signature;
    if (event.arguments === "") return;
    call.item.arguments += event.arguments;
    this.emit({
      type: "response.function_call_arguments.delta",
      item_id: call.item.id,
      output_index: call.at,
      delta: event.arguments,
    });
  }

  private beginCall({ call, id, name = "" }: Delta<"tool-call-delta">) {
    this.endThought("completed");
    this.endMessage("completed");
    const item: CallItem = {
      id: this.idOf("fc"),
      type: "function_call",
      status: "in_progress",
      call_id: id || `call_${this.suffix}_${call}`,
      name,
      arguments: "",
    };
    const begun = { item, at: this.add(item) };
    this.calls.set(call, begun);
    return begun;
  }

  /** What an upstream of this dialect says beyond canonical words: hosted tools' items, citations. */
  private readFrame({ frame }: ChatEvent): void {
    if (frame?.dialect !== "openai-responses" || frame === this.lastFrame) return;
    this.lastFrame = frame;
    const { type, item, annotation, output } = frame.value;
    if (type === "response.output_item.done") this.addForeign(item);
    else if (type === "response.output_text.annotation.added") this.annotate(annotation);
    else if (Array.isArray(output)) for (const one of output) this.addForeign(one);
  }

  private addForeign(value: unknown): void {
    const item = value as OutputItem | null | undefined; // an upstream's item: passed on, never used
    if (typeof item?.id !== "string" || OWN_TYPES.has(item.type)) return;
    this.endThought("completed");
    this.endMessage("completed");
    const at = this.add(item);
    this.emit({ type: "response.output_item.done", output_index: at, item });
  }

  private annotate(annotation: unknown): void {
    const part = this.message?.item.content.at(-1);
    if (!this.message || part?.type !== "output_text") return;
    this.emit({
      type: "response.output_text.annotation.added",
      item_id: this.message.item.id,
      output_index: this.message.at,
      content_index: this.message.item.content.length - 1,
      annotation_index: part.annotations.push(annotation) - 1,
      annotation,
    });
  }

  private add(item: OutputItem): number {
    const at = this.items.push(item) - 1;
    this.emit({ type: "response.output_item.added", output_index: at, item });
    return at;
  }

  private done(item: OutputItem, at: number, status: Status): void {
    item["status"] = status;
    this.emit({ type: "response.output_item.done", output_index: at, item });
  }

  private idOf(prefix: string): string {
    return `${prefix}_${this.suffix}_${this.items.length}`;
  }
}

function toWireLogprob({ token, logprob, bytes, top }: TokenLogprob): Record<string, unknown> {
  return { token, logprob, bytes, top_logprobs: top };
}
