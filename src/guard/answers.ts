import type { GenerateRequest } from "../core/chat.ts";
import { MARK, canaryFor, markPattern, withCanary } from "./canary.ts";
import type { Finding } from "./detector.ts";
import type { Listed } from "./detectors/leakage.ts";
import type { ownWatches } from "./policy/own-detectors.ts";
import type { Place } from "./policy/policy-for.ts";
import { type OnFailure, type Policy, decide, onFailureOf, wantedFor } from "./policy/policy.ts";
import { leakageSourcesOf, openAnswerWatch } from "./stream/answer-watch.ts";
import { both } from "./stream/both-rule-sets.ts";
import { OutputScan } from "./stream/output-scan.ts";
import { type RuleSet, createRuleSet } from "./stream/rule-set.ts";

/** How answers are looked at under one policy. */
export interface AnswerRules {
  readonly policy: Policy;
  /** What is recognised while it arrives. */
  readonly shapes: RuleSet | undefined;
  /** What shows only over a stretch of an answer. */
  readonly watches: ReturnType<typeof ownWatches>;
  /** What answers must not repeat. */
  readonly listed: readonly Listed[];
}

/** What the server has beside its policy. */
export interface Beside {
  /** What marks follow from. Absent: no prompt is marked. */
  readonly canaryKey?: Uint8Array;
  /** What belongs to other tenants, asked when an answer is to come. */
  readonly foreignTo?: (tenant: string) => readonly Listed[];
}

/** What is to come of one request. */
export interface Answers {
  /** A watch over an answer; undefined where there is nothing to look for. */
  openOutput(): OutputScan | undefined;
  readonly toUpstream?: (request: GenerateRequest) => GenerateRequest;
}

const NO_SHAPES = createRuleSet([]);
let marks: RuleSet | undefined;

/** What answers to this request are looked through for, and what the upstream is told for that. */
export function answersTo(
  request: GenerateRequest,
  rules: AnswerRules,
  { canaryKey, foreignTo, place }: Beside & { readonly place: Place },
): Answers {
  const { policy } = rules;
  const wanted = wantedFor("assistant", policy);
  const isMarked = policy.canaries === "on" && wanted.has("leakage");
  const canary = isMarked && canaryKey ? canaryFor(request, place.tenant, canaryKey) : undefined;
  const shapes = canary ? withMarks(rules.shapes) : (rules.shapes ?? NO_SHAPES);
  const decideOf = (finding: Finding) =>
    // A mark is for nobody: it is taken out also where nothing else is done.
    finding.detector === MARK ? "redact" : decide(finding, "assistant", policy);
  return {
    openOutput() {
      const canaries = canary ? [canary] : [];
      const foreign = policy.crossTenant === "off" ? [] : (foreignTo?.(place.tenant) ?? []);
      const listed = [...rules.listed, ...foreign];
      const sources = { ...leakageSourcesOf(request), canaries, listed };
      const watch = openAnswerWatch(wanted, sources, rules.watches);
      if (shapes === NO_SHAPES && !watch) return undefined;
      return new OutputScan(shapes, decideOf, outputFailure(policy), watch);
    },
    ...(canary && { toUpstream: (asked: GenerateRequest) => withCanary(asked, canary) }),
  };
}

function withMarks(shapes: RuleSet | undefined): RuleSet {
  marks ??= createRuleSet([markPattern]);
  return shapes ? both(marks, shapes) : marks;
}

/** An answer is looked at as a whole: one closed category closes it. */
function outputFailure(policy: Policy): OnFailure {
  const wanted = [...wantedFor("assistant", policy)];
  const isClosed = wanted.some((category) => onFailureOf(category, policy) === "closed");
  return isClosed && policy.mode === "enforce" ? "closed" : "open";
}
