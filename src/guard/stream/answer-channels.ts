import type { ChatEvent } from "../../core/chat.ts";
import type { Finding } from "../detector.ts";
import { type Delta, DeltaChannel, type FrameEvent } from "./delta-channel.ts";
import type { RuleSet } from "./rule-set.ts";

/**
 * One call's answers: text, reasoning and the arguments of each tool call are channels of their own, so
 * that what is cut by something in between is found; and yet what came first leaves first, as far as it
 * may leave.
 */
export class AnswerChannels {
  private readonly rules: RuleSet;
  private readonly replace: (finding: Finding, delta: Delta) => string | undefined;
  private readonly channels = new Map<string, DeltaChannel>();
  /** Which channel of each answer went on last. */
  private readonly current = new Map<number, DeltaChannel>();
  private latest: DeltaChannel | undefined;

  /** `replace` gives the text to send instead of a match, or undefined to leave it as it is. */
  constructor(rules: RuleSet, replace: (finding: Finding, delta: Delta) => string | undefined) {
    this.rules = rules;
    this.replace = replace;
  }

  /** What may leave now. */
  push(delta: Delta): ChatEvent[] {
    const channel = this.channelOf(delta);
    const before = this.current.get(delta.index);
    this.latest = channel;
    if (before === channel) return channel.push(delta);
    this.current.set(delta.index, channel);
    return before ? [...before.interrupt(), ...channel.push(delta)] : channel.push(delta);
  }

  /** A frame that has no canonical word keeps its place behind what came before it. */
  follow(frame: FrameEvent): ChatEvent[] {
    return this.latest ? this.latest.follow(frame) : [frame];
  }

  /** One answer is over: the rest of it. */
  end(index: number): ChatEvent[] {
    return Array.from(this.channels).flatMap(([key, channel]) =>
      key.startsWith(`${index}:`) ? channel.end() : [],
    );
  }

  /** Gives out all that was held, unseen. */
  abandon(): ChatEvent[] {
    return Array.from(this.channels.values()).flatMap((channel) => channel.abandon());
  }

  private channelOf(delta: Delta): DeltaChannel {
    const { index, type } = delta;
    const key = type === "tool-call-delta" ? `${index}:${type}:${delta.call}` : `${index}:${type}`;
    let channel = this.channels.get(key);
    if (!channel) {
      channel = new DeltaChannel(delta, this.rules, (finding) => this.replace(finding, delta));
      this.channels.set(key, channel);
    }
    return channel;
  }
}
