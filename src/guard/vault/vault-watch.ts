import type { FindingRecord } from "../../core/call.ts";
import type { ChatEvent } from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import type { Finding } from "../detector.ts";
import { leaksOf } from "../detectors/all.ts";
import { both, lookingPast } from "../stream/both-rule-sets.ts";
import { replacementFor } from "../stream/output-scan.ts";
import { type RuleSet, createRuleSet } from "../stream/rule-set.ts";
import { type Released, TextChannel } from "../stream/text-channel.ts";

interface Scan {
  push(events: readonly ChatEvent[]): ChatEvent[];
  readonly findings: readonly FindingRecord[];
  readonly blocked: WeirError | undefined;
}

type Delta = Exclude<ChatEvent, { type: "finish" | "usage" | "frame" }>;

const PREFIX = "vault.";

/**
 * Puts originals back where an answer has their placeholders: in texts, in reasoning and in arguments of
 * tool calls, however they are cut into deltas. Other personal data is taken out as `redacts` says.
 */
export class VaultWatch implements Scan {
  private readonly scan: Scan | undefined;
  private readonly rules: RuleSet;
  private readonly originals: readonly string[];
  private readonly own: FindingRecord[] = [];
  private readonly channels = new Map<string, { channel: TextChannel; delta: Delta }>();

  constructor(
    scan: Scan | undefined,
    originals: ReadonlyMap<string, string>,
    { redacts }: { readonly redacts: boolean },
  ) {
    this.scan = scan;
    this.originals = [...originals.values()];
    const literals = createRuleSet(
      Array.from(originals.keys(), (placeholder, at) => ({
        name: `${PREFIX}${at}`,
        category: "pii",
        confidence: 1,
        shape: placeholder.replaceAll(/[^0-9A-Za-z]/g, String.raw`\$&`),
      })),
    );
    const known = redacts ? leaksOf(new Set(["pii"])) : undefined;
    const past = known && lookingPast(known, { rule: literals, isFor: () => true });
    this.rules = past ? both(literals, past) : literals;
  }

  get blocked(): WeirError | undefined {
    return this.scan?.blocked;
  }

  get findings(): readonly FindingRecord[] {
    return [...(this.scan?.findings ?? []), ...this.own];
  }

  push(events: readonly ChatEvent[]): ChatEvent[] {
    const leaving: ChatEvent[] = [];
    for (const event of this.scan ? this.scan.push(events) : events) {
      if (event.type === "usage" || event.type === "frame") leaving.push(event);
      else if (event.type === "finish") leaving.push(...this.flush(event.index), event);
      else this.pass(event, leaving);
    }
    return this.blocked ? [] : leaving;
  }

  private pass(delta: Delta, leaving: ChatEvent[]): void {
    const key = keyOf(delta);
    let entry = this.channels.get(key);
    if (!entry) {
      const isJson = delta.type === "tool-call-delta";
      const channel = new TextChannel(this.rules, (finding) => this.instead(finding, isJson));
      entry = { channel, delta };
      this.channels.set(key, entry);
    }
    entry.delta = delta;
    const came = delta.type === "tool-call-delta" ? delta.arguments : delta.text;
    let { text = "" } = entry.channel.push(came) ?? {};
    const isProof =
      delta.type === "reasoning-delta" && (delta.signature ?? delta.redacted) !== undefined;
    // A proof closes its stretch of thinking.
    if (isProof) text += entry.channel.end()?.text ?? "";
    if (text === came) leaving.push(delta);
    else if (text !== "" || isProof || delta.type === "tool-call-delta") {
      leaving.push(withText(delta, { text }));
    }
  }

  private flush(index: number): ChatEvent[] {
    return Array.from(this.channels.values()).flatMap(({ channel, delta }) => {
      const released = delta.index === index ? channel.end() : undefined;
      return released && released.text !== "" ? [bare(delta, released)] : [];
    });
  }

  private instead({ detector, confidence }: Finding, isJson: boolean): string {
    if (detector.startsWith(PREFIX)) {
      const original = this.originals[Number(detector.slice(PREFIX.length))] ?? "";
      return isJson ? JSON.stringify(original).slice(1, -1) : original;
    }
    this.own.push({ detector, action: "redact", origin: "assistant", confidence });
    return replacementFor(detector);
  }
}

/** The delta with another text: it stands for no frame of the upstream's any more. */
function withText(delta: Delta, { text }: Released): ChatEvent {
  const { frame: _, ...rest } = delta;
  if (rest.type === "tool-call-delta") return { ...rest, arguments: text };
  if (rest.type !== "text-delta") return { ...rest, text };
  return { type: rest.type, index: rest.index, text };
}

/** A text alone, where its delta has been. */
function bare(delta: Delta, { text }: Released): ChatEvent {
  const { type, index } = delta;
  if (type === "tool-call-delta") return { type, index, call: delta.call, arguments: text };
  return { type, index, text, ...("part" in delta && { part: delta.part }) };
}

function keyOf(delta: Delta): string {
  const call = delta.type === "tool-call-delta" ? `:${delta.call}` : "";
  return `${delta.type}:${delta.index}${call}`;
}
