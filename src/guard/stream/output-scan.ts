import type { FindingRecord } from "../../core/call.ts";
import type { ChatEvent } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import type { Finding } from "../detector.ts";
import type { Action } from "../policy/policy.ts";
import type { RuleSet } from "./rule-set.ts";
import { TextChannel } from "./text-channel.ts";

type Delta = Extract<ChatEvent, { type: "text-delta" | "reasoning-delta" | "tool-call-delta" }>;

/**
 * Watches one call's answer, token by token. Text, reasoning and tool arguments of each answer are
 * channels of their own; a channel is flushed before its answer's `finish` is let through.
 */
export class OutputScan {
  readonly findings: FindingRecord[] = [];
  blocked: WeirError | undefined;
  private readonly rules: RuleSet;
  private readonly decide: (finding: Finding) => Action;
  private readonly channels = new Map<string, { channel: TextChannel; delta: Delta }>();

  constructor(rules: RuleSet, decide: (finding: Finding) => Action) {
    this.rules = rules;
    this.decide = decide;
  }

  push(events: readonly ChatEvent[]): ChatEvent[] {
    const leaving: ChatEvent[] = [];
    for (const event of events) {
      if (this.blocked) break;
      if (event.type === "usage") leaving.push(event);
      else if (event.type === "finish") leaving.push(...this.flush(event.index), event);
      else this.pass(event, leaving);
    }
    return this.blocked ? [] : leaving;
  }

  private pass(delta: Delta, leaving: ChatEvent[]): void {
    const key = keyOf(delta);
    let entry = this.channels.get(key);
    if (!entry) {
      entry = { channel: new TextChannel(this.rules, (finding) => this.act(finding)), delta };
      this.channels.set(key, entry);
    }
    if (delta.type === "tool-call-delta") {
      // A call's id and name are not held: only its arguments are text that the model fills in.
      const released = entry.channel.push(delta.arguments);
      if (released || delta.id || delta.name) {
        leaving.push({ ...delta, arguments: released?.text ?? "" });
      }
      return;
    }
    const released = entry.channel.push(
      delta.text,
      "logprobs" in delta ? delta.logprobs : undefined,
    );
    if (released) leaving.push({ type: delta.type, index: delta.index, ...released });
  }

  private flush(index: number): ChatEvent[] {
    const leaving: ChatEvent[] = [];
    for (const { channel, delta } of this.channels.values()) {
      const released = delta.index === index ? channel.end() : undefined;
      if (!released) continue;
      if (delta.type === "tool-call-delta") {
        leaving.push({ type: delta.type, index, call: delta.call, arguments: released.text });
      } else leaving.push({ type: delta.type, index, ...released });
    }
    return leaving;
  }

  private act(finding: Finding): string | undefined {
    const action = this.decide(finding);
    const { detector, confidence } = finding;
    this.findings.push({ detector, action, origin: "assistant", confidence });
    if (action === "block") {
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

/** A detector's name in words: `secrets.openai_key` is "a secret (openai key)". */
export function describe(detector: string): string {
  const [category = "", name = ""] = detector.split(".");
  const kinds: Record<string, string> = {
    secrets: "a secret",
    pii: "personal data",
    injection: "an instruction override",
    jailbreak: "a jailbreak attempt",
  };
  return `${kinds[category] ?? category} (${name.replaceAll("_", " ")})`;
}

function keyOf(delta: Delta): string {
  const call = delta.type === "tool-call-delta" ? `:${delta.call}` : "";
  return `${delta.type}:${delta.index}${call}`;
}
