import type { FindingRecord } from "../../core/call.ts";
import type { ChatEvent } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import type { Finding } from "../detector.ts";
import type { Action, OnFailure } from "../policy/policy.ts";
import type { AnswerWatch } from "./answer-watch.ts";
import type { RuleSet } from "./rule-set.ts";
import { TextChannel } from "./text-channel.ts";

type Delta = Exclude<ChatEvent, { type: "finish" | "usage" | "frame" }>;
type TextDelta = Exclude<Delta, { type: "tool-call-delta" }>;
type CallDelta = Extract<Delta, { type: "tool-call-delta" }>;
type FrameEvent = Extract<ChatEvent, { type: "frame" }>;

interface Channel {
  readonly channel: TextChannel;
  delta: Delta;
  /** What came and has not left. */
  waiting: TextDelta[];
  /** What may leave of it, as the guard lets it through. */
  ready: string;
}

/** Lets go what is settled: as it came, or, where something was taken out, as one delta of its own. */
function release(entry: Channel, leaving: ChatEvent[]): void {
  // What is thrown away as it comes is not waited for: it may have no end.
  if (entry.channel.isTakingOut && entry.ready === "") entry.waiting = [];
  const [first] = entry.waiting;
  if (!first) return;
  const came = entry.waiting.map(({ text }) => text).join("");
  if (came.startsWith(entry.ready)) {
    for (let next = entry.waiting[0]; next; next = entry.waiting[0]) {
      if (next.text.length > entry.ready.length) return;
      entry.ready = entry.ready.slice(next.text.length);
      entry.waiting.shift();
      leaving.push(next);
    }
    return;
  }
  leaving.push({ ...placeOf(first), text: entry.ready });
  entry.ready = "";
  const { held, isTakingOut } = entry.channel;
  entry.waiting = held === "" || isTakingOut ? [] : [{ ...placeOf(first), text: held }];
}

/**
 * Watches one call's answer, token by token. Text, reasoning and tool arguments of each answer are
 * channels of their own; a channel is flushed before its answer's `finish` is let through.
 */
export class OutputScan {
  readonly findings: FindingRecord[] = [];
  blocked: WeirError | undefined;
  private readonly rules: RuleSet;
  private readonly decide: (finding: Finding) => Action;
  private readonly onFailure: OnFailure;
  private readonly channels = new Map<string, Channel>();
  private readonly watch: AnswerWatch | undefined;
  /** From there on everything leaves as it came. */
  private hasGivenUp = false;

  constructor(
    rules: RuleSet,
    decide: (finding: Finding) => Action,
    onFailure: OnFailure = "closed",
    watch?: AnswerWatch,
  ) {
    this.watch = watch;
    this.rules = rules;
    this.decide = decide;
    this.onFailure = onFailure;
  }

  /** Never throws: where a look fails the answer is cut, or goes on without one. */
  push(events: readonly ChatEvent[]): ChatEvent[] {
    const leaving: ChatEvent[] = [];
    for (const event of events) {
      if (this.blocked) break;
      try {
        this.take(event, leaving);
      } catch {
        this.giveUp(event, leaving);
      }
    }
    return this.blocked ? [] : leaving;
  }

  private take(event: ChatEvent, leaving: ChatEvent[]): void {
    if (this.watch && !this.hasGivenUp) this.heed(this.watch.push(event));
    if (this.hasGivenUp || event.type === "usage") leaving.push(event);
    else if (event.type === "frame") this.passFrame(event, leaving);
    else if (event.type === "finish") leaving.push(...this.flush(event.index), event);
    else this.pass(event, leaving);
  }

  /** Nobody can look at this answer any more: an error may quote it, so it is not told. */
  private giveUp(event: ChatEvent, leaving: ChatEvent[]): void {
    this.findings.push({
      detector: "output",
      action: "scan_failed",
      origin: "assistant",
      confidence: 0,
    });
    if (this.onFailure === "closed") {
      this.blocked = new WeirError(
        "guard_failed",
        "The guard could not look at this answer, and what was not looked at is not let through. Try again.",
      );
      return;
    }
    this.hasGivenUp = true;
    // What the failing event brought is among what is held.
    if (event.type === "tool-call-delta") leaving.push({ ...withoutFrame(event), arguments: "" });
    for (const { channel, delta, ready } of this.channels.values()) {
      const held = ready + channel.held;
      if (held === "") continue;
      if (delta.type === "tool-call-delta") {
        const { index, call } = delta;
        leaving.push({ type: "tool-call-delta", index, call, arguments: held });
      } else leaving.push({ ...placeOf(delta), text: held });
    }
    if (event.type === "finish" || event.type === "frame") leaving.push(event);
  }

  /** What no canonical word covers leaves whole or not at all. */
  private passFrame(event: FrameEvent, leaving: ChatEvent[]): void {
    const { findings } = this.rules.look(event.frame.json, true);
    const taken = findings.filter((finding) => this.act(finding) !== undefined);
    if (taken.length === 0) leaving.push(event);
  }

  private pass(delta: Delta, leaving: ChatEvent[]): void {
    const key = keyOf(delta);
    let entry = this.channels.get(key);
    if (!entry) {
      const channel = new TextChannel(this.rules, (finding) => this.act(finding));
      entry = { channel, delta, waiting: [], ready: "" };
      this.channels.set(key, entry);
    }
    entry.delta = delta;
    if (delta.type === "tool-call-delta") this.passCall(delta, entry.channel, leaving);
    else this.passText(delta, entry, leaving);
  }

  /** A call's id and name are not held: only its arguments are text that the model fills in. */
  private passCall(delta: CallDelta, channel: TextChannel, leaving: ChatEvent[]): void {
    const text = channel.push(delta.arguments)?.text ?? "";
    if (text === delta.arguments) leaving.push(delta);
    else if (text !== "" || delta.id || delta.name || delta.signature) {
      const { frame: _, ...rest } = delta;
      leaving.push({ ...rest, arguments: text });
    }
  }

  /** A delta leaves as it came once all of its text is settled; only what the guard changed is written anew. */
  private passText(delta: TextDelta, entry: Channel, leaving: ChatEvent[]): void {
    const { channel } = entry;
    const isProof = delta.type === "reasoning-delta" && (delta.signature ?? delta.redacted);
    entry.waiting.push(delta);
    entry.ready += channel.push(delta.text)?.text ?? "";
    // A signature closes a stretch of thinking: nothing of it may be held any longer.
    if (isProof) entry.ready += channel.end()?.text ?? "";
    release(entry, leaving);
  }

  private flush(index: number): ChatEvent[] {
    const leaving: ChatEvent[] = [];
    for (const entry of this.channels.values()) {
      const { channel, delta } = entry;
      if (delta.index !== index) continue;
      const text = channel.end()?.text ?? "";
      if (delta.type === "tool-call-delta") {
        if (text !== "")
          leaving.push({ type: delta.type, index, call: delta.call, arguments: text });
        continue;
      }
      entry.ready += text;
      release(entry, leaving);
    }
    return leaving;
  }

  /** What a watch saw has left already, in part: what was to be taken out stops the answer. */
  private heed(findings: readonly Finding[]): void {
    for (const finding of findings) {
      const action = this.decide(finding);
      this.act(finding, action === "redact" ? "block" : action);
    }
  }

  private act(finding: Finding, action = this.decide(finding)): string | undefined {
    if (action === "allow") return undefined;
    const { detector, confidence } = finding;
    this.findings.push({ detector, action, origin: "assistant", confidence });
    if (action === "block" || action === "hold") {
      this.blocked ??= new WeirError(
        "blocked_by_guard",
        `The answer was stopped: it was about to contain ${describe(detector)}.`,
      );
    }
    return action === "flag" ? undefined : replacementFor(detector);
  }
}

/** What stands where something was taken out: `[redacted:openai_key]`. */
export function replacementFor(detector: string): string {
  return `[redacted:${detector.slice(detector.indexOf(".") + 1)}]`;
}

const KINDS: Readonly<Record<string, string>> = {
  secrets: "a secret",
  pii: "personal data",
  injection: "an instruction override",
  jailbreak: "a jailbreak attempt",
  exfiltration: "a way to carry data out",
  payload: "code that attacks",
  leakage: "the system prompt",
  repetition: "endless repetition",
  harmful: "harmful content",
  custom: "what a rule of this server names",
};

/** A detector's name in words: `secrets.openai_key` is "a secret (openai key)". */
export function describe(detector: string): string {
  const [category = "", name = ""] = detector.split(".");
  return `${KINDS[category] ?? category} (${name.replaceAll("_", " ")})`;
}

function withoutFrame(delta: CallDelta): CallDelta {
  const { frame: _, ...rest } = delta;
  return rest;
}

/** Where a text belongs, without the text. */
function placeOf(delta: Exclude<Delta, CallDelta>) {
  const { type, index } = delta;
  return { type, index, ...("part" in delta && { part: delta.part }) };
}

function keyOf(delta: Delta): string {
  const call = delta.type === "tool-call-delta" ? `:${delta.call}` : "";
  return `${delta.type}:${delta.index}${call}`;
}
