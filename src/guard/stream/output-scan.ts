import type { FindingRecord } from "../../core/call.ts";
import type { ChatEvent } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import type { Finding } from "../detector.ts";
import type { Action, OnFailure } from "../policy/policy.ts";
import { AnswerChannels } from "./answer-channels.ts";
import type { AnswerWatch } from "./answer-watch.ts";
import type { FrameEvent } from "./delta-channel.ts";
import type { RuleSet } from "./rule-set.ts";

/**
 * Watches one call's answer, token by token. What is held of an answer leaves before its `finish`.
 */
export class OutputScan {
  readonly findings: FindingRecord[] = [];
  blocked: WeirError | undefined;
  private readonly rules: RuleSet;
  private readonly decide: (finding: Finding) => Action;
  private readonly onFailure: OnFailure;
  private readonly channels: AnswerChannels;
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
    this.channels = new AnswerChannels(rules, (finding) => this.act(finding));
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
    else if (event.type === "finish") leaving.push(...this.channels.end(event.index), event);
    else leaving.push(...this.channels.push(event));
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
    leaving.push(...this.channels.abandon());
    if (event.type === "finish" || event.type === "frame") leaving.push(event);
  }

  /** What no canonical word covers leaves whole or not at all. */
  private passFrame(event: FrameEvent, leaving: ChatEvent[]): void {
    const { findings } = this.rules.look(event.frame.json, true);
    const taken = findings.filter((finding) => this.act(finding) !== undefined);
    if (taken.length === 0) leaving.push(...this.channels.follow(event));
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

/** What prompts give away; other leakage is of texts that somebody listed. */
const OF_PROMPTS: ReadonlySet<string> = new Set(["system_prompt", "tool_schema", "canary", "mark"]);
/** Whose text it is, its reader is not to know. */
const OTHERS = "leakage.other_tenant";

/** A detector's name in words: `secrets.openai_key` is "a secret (openai key)". */
export function describe(detector: string): string {
  const [category = "", name = ""] = detector.split(".");
  if (detector === OTHERS) return LISTED;
  const words = name.replaceAll("_", " ");
  if (category === "leakage" && !OF_PROMPTS.has(name)) return `${LISTED} (${words})`;
  if (category === "custom" && name.startsWith("language_")) {
    return `a language that is not spoken here (${name.slice("language_".length)})`;
  }
  return `${KINDS[category] ?? category} (${words})`;
}

const LISTED = "a text that is not to be repeated";
