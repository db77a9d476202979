import type { FindingRecord } from "../../core/call.ts";
import type { ChatEvent } from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import type { Finding } from "../detector.ts";
import { AnswerChannels } from "../stream/answer-channels.ts";
import { both, lookingPast } from "../stream/both-rule-sets.ts";
import { replacementFor } from "../stream/output-scan.ts";
import type { RuleSet } from "../stream/rule-set.ts";
import { type Told, inGroupsOf, sameFor } from "./grouping.ts";
import { personalRules } from "./personal.ts";
import { placeOf, placeholderRules } from "./placeholder-rules.ts";
import type { Mapping } from "./vault-keys.ts";

interface Scan {
  push(events: readonly ChatEvent[]): ChatEvent[];
  readonly findings: readonly FindingRecord[];
  readonly blocked: WeirError | undefined;
}

/** What an answer gets back. */
export interface Restoring {
  /** What stood in its request. */
  readonly mappings: readonly Mapping[];
  /** Finds what was kept of earlier requests; absent: nothing was. Never throws. */
  readonly recall?: ((told: Told) => Mapping | undefined) | undefined;
  /** Whether other personal data is taken out. */
  readonly redacts: boolean;
}

const NOTHING: RuleSet = { look: (text) => ({ findings: [], settled: text.length }) };

/** So many of a request's placeholders are looked for in every form; what is beyond is found by its kind's. */
const MOST_LOOKED_FOR = 2000;

/**
 * Puts originals back where an answer has their placeholders: in texts, in reasoning and in arguments of
 * tool calls, however they are grouped and cut into deltas.
 */
export class VaultWatch implements Scan {
  private readonly scan: Scan | undefined;
  private readonly restoring: Restoring;
  /** Those beyond what is looked for. */
  private readonly others: ReadonlyMap<string, Mapping>;
  private readonly own: FindingRecord[] = [];
  private readonly channels: AnswerChannels;
  /** What findings say: who replaces them is not told. */
  private readonly said = new WeakMap<Finding, string>();

  constructor(scan: Scan | undefined, restoring: Restoring) {
    this.scan = scan;
    this.restoring = restoring;
    this.others = new Map(
      restoring.mappings
        .slice(MOST_LOOKED_FOR)
        .map((one) => [sameFor({ detector: one.detector, value: one.placeholder }), one]),
    );
    this.channels = new AnswerChannels(this.rules(), (finding, { type }) =>
      this.instead(finding, type === "tool-call-delta"),
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

  private rules(): RuleSet {
    const { mappings, recall, redacts } = this.restoring;
    const some = mappings.slice(0, MOST_LOOKED_FOR);
    const known = some.length > 0 ? placeholderRules(some) : undefined;
    const all = redacts || recall || this.others.size > 0 ? personalRules() : undefined;
    if (!known) return all ? this.noting(all) : NOTHING;
    const besides = { rule: known, isFor: () => true, touching: true };
    return this.noting(all ? both(known, lookingPast(all, besides)) : known);
  }

  private noting(rules: RuleSet): RuleSet {
    return {
      look: (text, isEnd, before) => {
        const looked = rules.look(text, isEnd, before);
        for (const finding of looked.findings) {
          this.said.set(finding, text.slice(finding.start, finding.end));
        }
        return looked;
      },
    };
  }

  private instead(finding: Finding, isJson: boolean): string | undefined {
    const original = this.originalOf(finding);
    if (original !== undefined) return isJson ? JSON.stringify(original).slice(1, -1) : original;
    if (!this.restoring.redacts) return undefined;
    const { detector, confidence } = finding;
    this.own.push({ detector, action: "redact", origin: "assistant", confidence });
    return replacementFor(detector);
  }

  private originalOf(finding: Finding): string | undefined {
    const { mappings, recall } = this.restoring;
    const said = this.said.get(finding) ?? "";
    const { detector } = finding;
    const place = placeOf(finding);
    if (place !== undefined) {
      const mapping = mappings[place];
      return mapping && inGroupsOf(said, mapping);
    }
    // A number may seem to go on: "+49 30 123456 24/7".
    for (const value of beginningsOf(said, detector)) {
      const told = { detector, value };
      const mapping = this.others.get(sameFor(told)) ?? recall?.(told);
      if (mapping) return inGroupsOf(value, mapping) + said.slice(value.length);
    }
    return undefined;
  }
}

const MOST_BEGINNINGS = 4;

/** The whole, and for phone numbers the same without its last groups. */
function beginningsOf(said: string, detector: string): string[] {
  if (detector !== "pii.phone") return [said];
  const ends = Array.from(said.matchAll(/[ .-]\(?\d/g), ({ index }) => index);
  const shorter = ends
    .toReversed()
    .filter((end) => end > 7)
    .map((end) => said.slice(0, end));
  return [said, ...shorter].slice(0, MOST_BEGINNINGS);
}
