import type { ChatEvent, Frame, Usage } from "../../chat.ts";
import { formatSse } from "../../sse.ts";
import type { AnswerHead, StreamWriter } from "../client-protocol.ts";
import { stretches, withModel } from "../relay.ts";
import { formatAnthropicError, toStopReason, toWireUsage } from "./answer.ts";
import { type BlockWriter, createBlockWriter } from "./blocks.ts";

/** Writes one answer as Anthropic's stream of events. */
export function createMessageStream(head: AnswerHead): StreamWriter {
  return new MessageStream(head);
}

class MessageStream implements StreamWriter {
  readonly #head: AnswerHead;
  readonly #blocks: BlockWriter = createBlockWriter();
  #usage: Usage = { inputTokens: 0, outputTokens: 0 };
  #finish: Extract<ChatEvent, { type: "finish" }> | undefined;
  #refusal = "";
  /** How far the message itself is: its blocks come in between. */
  #stage: "new" | "started" | "delta" | "stopped" = "new";

  constructor(head: AnswerHead) {
    this.#head = head;
  }

  events(events: readonly ChatEvent[]): string {
    let text = "";
    for (const { frame, events: covered } of stretches(events, "anthropic-messages")) {
      const relayed = frame && this.#relay(frame, covered);
      text += relayed ?? covered.map((event) => this.#write(event)).join("");
    }
    return text;
  }

  end(usage: Usage): string {
    this.#usage = usage;
    if (this.#stage === "stopped") return "";
    let text = this.#start() + this.#blocks.close();
    if (this.#stage !== "delta") {
      const finish = this.#finish;
      const reason = toStopReason({
        finish: finish?.reason ?? "stop",
        stopText: finish?.stopText,
        refusal: this.#refusal,
        toolCalls: this.#blocks.calls,
      });
      text += event({
        type: "message_delta",
        delta: { stop_reason: reason, stop_sequence: finish?.stopText ?? null },
        usage: toWireUsage(usage),
      });
    }
    this.#stage = "stopped";
    return text + event({ type: "message_stop" });
  }

  fail(error: Parameters<StreamWriter["fail"]>[0], requestId: string): string {
    return formatSse(formatAnthropicError(error, requestId), "error");
  }

  #start(): string {
    if (this.#stage !== "new") return "";
    this.#stage = "started";
    const { id, model } = this.#head;
    const message = {
      id,
      type: "message",
      role: "assistant",
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      // What the prompt counts is mostly told at the end; message_delta gives all numbers again.
      usage: toWireUsage(this.#usage),
    };
    return event({ type: "message_start", message });
  }

  #write(event: ChatEvent): string {
    if (event.type === "frame") return "";
    if (event.type === "usage") {
      this.#usage = event.usage;
      return "";
    }
    // The protocol has one answer in a message.
    if (event.index > 0) return "";
    if (event.type === "finish") {
      this.#finish = event;
      return this.#start();
    }
    if (event.type === "refusal-delta") this.#refusal += event.text;
    return this.#start() + this.#blocks.write(event);
  }

  /** The frame as it came, or undefined where it does not fit into what was written so far. */
  #relay(frame: Frame, covered: readonly ChatEvent[]): string | undefined {
    const { type } = frame.value;
    if (type === "message_start") return this.#relayStart(frame);
    if (typeof type === "string" && type.startsWith("content_block_")) {
      const text = this.#blocks.relay(frame, covered);
      return text === undefined ? undefined : this.#start() + text;
    }
    for (const event of covered) if (event.type === "usage") this.#usage = event.usage;
    if (type === "message_delta") {
      const before = this.#start() + this.#blocks.close();
      this.#stage = "delta";
      return before + formatSse(frame.json, frame.name);
    }
    if (type !== "message_stop") return this.#start() + formatSse(frame.json, frame.name);
    // Without its message_delta, the end is written anew as well.
    if (this.#stage !== "delta") return "";
    this.#stage = "stopped";
    return formatSse(frame.json, frame.name);
  }

  #relayStart(frame: Frame): string {
    if (this.#stage !== "new") return "";
    this.#stage = "started";
    // The model's name stands in the message, and this text holds no other object.
    const message = frame.value["message"] as Frame["value"];
    const json = withModel(
      { ...frame, json: JSON.stringify(message), value: message },
      this.#head.model,
    );
    return formatSse(`{"type":"message_start","message":${json}}`, frame.name);
  }
}

function event(value: { readonly type: string; readonly [field: string]: unknown }): string {
  return formatSse(JSON.stringify(value), value.type);
}
