import type { ChatEvent, Frame } from "../../chat.ts";
import { formatSse } from "../../sse.ts";
import { type JsonEnd, createJsonEnd } from "./json-end.ts";

/**
 * A message's blocks, one after the other: Anthropic's stream has no two of them open at once. What
 * belongs to a later block waits while a tool call is open whose arguments are not complete yet.
 */
export interface BlockWriter {
  write(event: BlockEvent): string;
  /** A block's frame as it came; undefined when its events must be written anew. */
  relay(frame: Frame, events: readonly ChatEvent[]): string | undefined;
  /** Writes what waits, and closes what is open. */
  close(): string;
  /** The tool calls begun so far. */
  readonly calls: readonly unknown[];
}

export type BlockEvent = Extract<
  ChatEvent,
  { type: "text-delta" | "refusal-delta" | "reasoning-delta" | "tool-call-delta" }
>;
type CallEvent = Extract<BlockEvent, { type: "tool-call-delta" }>;
type ThinkingEvent = Extract<BlockEvent, { type: "reasoning-delta" }>;

type Open =
  | { readonly kind: "text" | "other"; readonly index: number }
  /** `part` is unknown while only the frame of its start was seen. */
  | { readonly kind: "thinking"; readonly index: number; part: number | undefined }
  | { readonly kind: "call"; readonly index: number; readonly call: number; readonly end: JsonEnd };

export function createBlockWriter(): BlockWriter {
  return new Blocks();
}

class Blocks implements BlockWriter {
  #next = 0;
  #open: Open | undefined;
  #isCallDone = false;
  readonly #waiting: BlockEvent[] = [];
  /** Where the upstream's blocks stand in our count: the same, unless one was written anew. */
  readonly #indexes = new Map<number, number>();
  readonly #calls: number[] = [];

  get calls(): readonly unknown[] {
    return this.#calls;
  }

  write(event: BlockEvent): string {
    if (this.#mustWait(event)) {
      this.#wait(event);
      return "";
    }
    const text = this.#put(event);
    return this.#isCallDone && this.#waiting.length > 0 ? text + this.#drain() : text;
  }

  close(): string {
    let text = "";
    while (this.#waiting.length > 0) {
      this.#isCallDone = true;
      text += this.#drain();
    }
    return text + this.#stop();
  }

  relay(frame: Frame, events: readonly ChatEvent[]): string | undefined {
    const { type, index } = frame.value;
    if (typeof index !== "number") return undefined;
    if (type === "content_block_start") {
      const before = this.close();
      const mine = this.#next;
      this.#next += 1;
      this.#indexes.set(index, mine);
      this.#open = this.#opened(frame, events, mine);
      return before + indexed(frame, mine);
    }
    const mine = this.#indexes.get(index);
    const isOpen = mine !== undefined && mine === this.#open?.index;
    if (type === "content_block_stop") {
      // A block whose start was written anew has no other end than this frame.
      if (!isOpen) return mine === undefined ? this.close() : "";
      this.#open = undefined;
      return indexed(frame, mine);
    }
    if (!isOpen) return undefined;
    for (const event of events) this.#follow(event);
    return indexed(frame, mine);
  }

  #opened({ value }: Frame, events: readonly ChatEvent[], index: number): Open {
    const [event] = events;
    if (event?.type === "tool-call-delta") {
      this.#calls.push(event.call);
      return this.#openCall(index, event);
    }
    const block = value["content_block"];
    const type = typeof block === "object" && block && "type" in block ? block.type : "";
    if (type === "text") return { kind: "text", index };
    return type === "thinking"
      ? { kind: "thinking", index, part: undefined }
      : { kind: "other", index };
  }

  #openCall(index: number, event: CallEvent): Open {
    const end = createJsonEnd();
    this.#isCallDone = end.push(event.arguments);
    return { kind: "call", index, call: event.call, end };
  }

  #follow(event: ChatEvent): void {
    const open = this.#open;
    if (event.type === "tool-call-delta" && open?.kind === "call") {
      this.#isCallDone = open.end.push(event.arguments);
    } else if (event.type === "reasoning-delta" && open?.kind === "thinking") {
      open.part = event.part ?? 0;
    }
  }

  #mustWait(event: BlockEvent): boolean {
    const open = this.#open;
    if (open?.kind !== "call" || this.#isCallDone) return false;
    return event.type !== "tool-call-delta" || event.call !== open.call;
  }

  /** Deltas of one waiting call become one, so that it can be written in one go. */
  #wait(event: BlockEvent): void {
    if (event.type === "tool-call-delta") {
      const at = this.#waiting.findIndex(
        (other) => other.type === "tool-call-delta" && other.call === event.call,
      );
      const before = this.#waiting[at];
      if (before?.type === "tool-call-delta") {
        const text = before.arguments + event.arguments;
        this.#waiting[at] = { ...before, arguments: text };
        return;
      }
    }
    this.#waiting.push(event);
  }

  #drain(): string {
    let text = "";
    for (let event = this.#waiting[0]; event; event = this.#waiting[0]) {
      if (this.#mustWait(event)) break;
      this.#waiting.shift();
      text += this.#put(event);
    }
    return text;
  }

  #put(event: BlockEvent): string {
    if (event.type === "tool-call-delta") return this.#putCall(event);
    if (event.type === "reasoning-delta") return this.#putThinking(event);
    if (event.text === "") return "";
    const before = this.#open?.kind === "text" ? "" : this.#start({ type: "text", text: "" });
    return before + this.#delta({ type: "text_delta", text: event.text });
  }

  #putThinking(event: ThinkingEvent): string {
    const { text, signature, redacted, part = 0 } = event;
    if (redacted !== undefined) {
      return this.#start({ type: "redacted_thinking", data: redacted }) + this.#stop();
    }
    const open = this.#open;
    let out = "";
    if (open?.kind === "thinking" && (open.part ?? part) === part) open.part = part;
    else out = this.#start({ type: "thinking", thinking: "", signature: "" }, part);
    if (text !== "") out += this.#delta({ type: "thinking_delta", thinking: text });
    if (signature !== undefined) out += this.#delta({ type: "signature_delta", signature });
    return out;
  }

  #putCall(event: CallEvent): string {
    const open = this.#open;
    if (open?.kind === "call" && open.call === event.call) {
      this.#isCallDone = open.end.push(event.arguments);
      return this.#json(event.arguments);
    }
    // After its closing bracket a call can only say white space, or begin again without a name.
    if (this.#calls.includes(event.call)) return "";
    const { id, name, signature } = event;
    const before = this.#stop();
    const text = this.#startBlock({
      type: "tool_use",
      id: id ?? "",
      name: name ?? "",
      input: {},
      ...(signature && { signature }),
    });
    this.#calls.push(event.call);
    this.#open = this.#openCall(this.#next - 1, event);
    return before + text + this.#json(event.arguments);
  }

  #json(partial: string): string {
    return partial === "" ? "" : this.#delta({ type: "input_json_delta", partial_json: partial });
  }

  /** Closes the open block and begins another. */
  #start(
    block: { readonly type: string; readonly [field: string]: unknown },
    part?: number,
  ): string {
    const text = this.#stop() + this.#startBlock(block);
    const index = this.#next - 1;
    if (block.type === "thinking") this.#open = { kind: "thinking", index, part };
    else this.#open = { kind: block.type === "text" ? "text" : "other", index };
    return text;
  }

  #startBlock(block: object): string {
    const index = this.#next;
    this.#next += 1;
    return write("content_block_start", { index, content_block: block });
  }

  #delta(delta: object): string {
    return write("content_block_delta", { index: this.#open?.index, delta });
  }

  #stop(): string {
    const open = this.#open;
    if (!open) return "";
    this.#open = undefined;
    return write("content_block_stop", { index: open.index });
  }
}

function write(type: string, fields: object): string {
  return formatSse(JSON.stringify({ type, ...fields }), type);
}

function indexed({ name, json, value }: Frame, index: number): string {
  return formatSse(value["index"] === index ? json : JSON.stringify({ ...value, index }), name);
}
