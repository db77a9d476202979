import type { ChatEvent } from "../../core/chat.ts";
import type { Finding } from "../detector.ts";
import type { RuleSet } from "./rule-set.ts";
import { TextChannel } from "./text-channel.ts";

/** A piece of an answer: text, reasoning, or arguments of a tool call. */
export type Delta = Exclude<ChatEvent, { type: "finish" | "usage" | "frame" }>;
/** What an upstream said beside them. */
export type FrameEvent = Extract<ChatEvent, { type: "frame" }>;

/**
 * One channel of an answer with a bounded hold-back. A delta leaves as it came, with all that its
 * upstream said beside its text, once the text is settled; what was changed leaves written anew.
 */
export class DeltaChannel {
  private readonly channel: TextChannel;
  private last: Delta;
  /** What came and has not left. */
  private waiting: (Delta | FrameEvent)[] = [];
  /** What may leave of it, as `replace` lets it through. */
  private ready = "";

  /** `replace` gives the text to send instead of a match, or undefined to leave it as it is. */
  constructor(first: Delta, rules: RuleSet, replace: (finding: Finding) => string | undefined) {
    this.last = first;
    this.channel = new TextChannel(rules, replace);
  }

  push(delta: Delta): ChatEvent[] {
    this.last = delta;
    this.waiting.push(delta);
    this.ready += this.channel.push(textIn(delta));
    return isProof(delta) ? this.close(delta) : this.release();
  }

  /** A frame stays behind the text that it came after. */
  follow(frame: FrameEvent): ChatEvent[] {
    if (this.waiting.length === 0) return [frame];
    this.waiting.push(frame);
    return [];
  }

  /** Another channel of the answer goes on. */
  interrupt(): ChatEvent[] {
    this.ready += this.channel.interrupt();
    return this.release();
  }

  /** No more text will come. */
  end(): ChatEvent[] {
    this.ready += this.channel.end();
    return this.release();
  }

  /** Gives out all that was held, unseen. */
  abandon(): ChatEvent[] {
    const text = this.ready + this.channel.held;
    const frames = this.waiting.filter(isFrame);
    return text === "" ? frames : [bare(this.last, text), ...frames];
  }

  /** A signature closes a stretch of thinking: it leaves in any case, and nothing of the stretch is held longer. */
  private close(proof: Delta): ChatEvent[] {
    this.ready += this.channel.end();
    const { waiting, ready } = this;
    this.waiting = [];
    this.ready = "";
    if (joined(waiting) === ready) return waiting;
    return [...waiting.filter(isFrame), withText(proof, ready)];
  }

  private release(): ChatEvent[] {
    const leaving: ChatEvent[] = [];
    const isChanged = !joined(this.waiting).startsWith(this.ready);
    if (!isChanged) this.releaseSettled(leaving);
    const first = this.waiting.find((event) => event.type !== "frame");
    // A tool call's id and name are not held: only its arguments are text that the model fills in.
    if (first && (isChanged || isNaming(first))) this.rewrite(first, leaving);
    // What is thrown away as it comes is not waited for: it may have no end.
    if (this.channel.isTakingOut && this.ready === "") {
      leaving.push(...this.waiting.filter(isFrame));
      this.waiting = [];
    }
    return leaving;
  }

  private releaseSettled(leaving: ChatEvent[]): void {
    let count = 0;
    for (const event of this.waiting) {
      const { length } = textIn(event);
      if (length > this.ready.length) break;
      this.ready = this.ready.slice(length);
      leaving.push(event);
      count += 1;
    }
    this.waiting.splice(0, count);
  }

  private rewrite(first: Delta, leaving: ChatEvent[]): void {
    const { ready, waiting } = this;
    const { held } = this.channel;
    leaving.push(isNaming(first) ? withText(first, ready) : bare(first, ready));
    this.ready = "";
    this.waiting = waiting.filter(isFrame);
    if (held === "") leaving.push(...this.waiting.splice(0));
    else this.waiting.unshift(bare(first, held));
  }
}

function textIn(event: Delta | FrameEvent): string {
  if (event.type === "frame") return "";
  return event.type === "tool-call-delta" ? event.arguments : event.text;
}

function joined(events: readonly (Delta | FrameEvent)[]): string {
  const [first] = events;
  if (!first || events.length === 1) return first ? textIn(first) : "";
  return events.map(textIn).join("");
}

function isFrame(event: Delta | FrameEvent): event is FrameEvent {
  return event.type === "frame";
}

function isProof(delta: Delta): boolean {
  return delta.type === "reasoning-delta" && (delta.signature ?? delta.redacted) !== undefined;
}

function isNaming(delta: Delta): boolean {
  return delta.type === "tool-call-delta" && Boolean(delta.id || delta.name || delta.signature);
}

/** The delta with another text: it stands for no frame of the upstream's any more. */
function withText(delta: Delta, text: string): Delta {
  const { frame: _, ...rest } = delta;
  if (rest.type === "tool-call-delta") return { ...rest, arguments: text };
  return rest.type === "text-delta" ? bare(delta, text) : { ...rest, text };
}

/** A text alone, where this delta's belongs. */
function bare(delta: Delta, text: string): Delta {
  const { type, index } = delta;
  if (type === "tool-call-delta") return { type, index, call: delta.call, arguments: text };
  return { type, index, text, ...("part" in delta && { part: delta.part }) };
}
