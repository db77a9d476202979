import type { FindingRecord } from "../../core/call.ts";
import type { ChatEvent } from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import type { Finding } from "../detector.ts";
import { leaksOf } from "../detectors/all.ts";
import { AnswerChannels } from "../stream/answer-channels.ts";
import { both, lookingPast } from "../stream/both-rule-sets.ts";
import { replacementFor } from "../stream/output-scan.ts";
import { createRuleSet } from "../stream/rule-set.ts";

interface Scan {
  push(events: readonly ChatEvent[]): ChatEvent[];
  readonly findings: readonly FindingRecord[];
  readonly blocked: WeirError | undefined;
}

const PREFIX = "vault.";

/**
 * Puts originals back where an answer has their placeholders: in texts, in reasoning and in arguments of
 * tool calls, however they are cut into deltas. Other personal data is taken out as `redacts` says.
 */
export class VaultWatch implements Scan {
  private readonly scan: Scan | undefined;
  private readonly originals: readonly string[];
  private readonly own: FindingRecord[] = [];
  private readonly channels: AnswerChannels;

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
    this.channels = new AnswerChannels(
      past ? both(literals, past) : literals,
      (finding, { type }) => this.instead(finding, type === "tool-call-delta"),
    );
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
      if (event.type === "usage") leaving.push(event);
      else if (event.type === "frame") leaving.push(...this.channels.follow(event));
      else if (event.type === "finish") leaving.push(...this.channels.end(event.index), event);
      else leaving.push(...this.channels.push(event));
    }
    return this.blocked ? [] : leaving;
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
