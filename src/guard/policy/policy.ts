import type { Origin } from "../../core/call.ts";
import type { Category, Finding } from "../detector.ts";

export type Action = "allow" | "flag" | "redact" | "block" | "hold";
export type OnFailure = "closed" | "open";

/** A pattern, or words, of the operator's own. */
export interface CustomRule {
  readonly name: string;
  readonly pattern?: string | undefined;
  readonly words?: readonly string[] | undefined;
  readonly ignoreCase: boolean;
  readonly category: Category;
  readonly action: Action;
  readonly in: readonly Exclude<Origin, "history">[];
}

/** A subject that is not spoken of. */
export interface TopicRule {
  readonly name: string;
  readonly words: readonly string[];
  /** So many different words of it make the topic. */
  readonly atLeast: number;
  readonly action: Action;
  readonly in: readonly Exclude<Origin, "history">[];
}

/** The languages (ISO 639-1) that are spoken here; absent: any. */
export interface LanguageRule {
  readonly prompts?: readonly string[] | undefined;
  readonly answers?: readonly string[] | undefined;
  readonly action: Action;
}

/** Texts that answers must not repeat at length. */
export interface ListedRule {
  readonly name: string;
  readonly texts?: readonly string[] | undefined;
  /** So many of its letters and digits in a row are too many. */
  readonly letters: number;
  /** Absent: as `output` has it. */
  readonly action?: Action | undefined;
}

/** What is never a finding: a text, or what matches a pattern; with `detectors` only for these. */
export type Allowed =
  | string
  | {
      readonly text?: string | undefined;
      readonly pattern?: string | undefined;
      readonly detectors?: readonly string[] | undefined;
    };

/** What is done where, in the words of weir.yaml's `guard` section. */
export interface Policy {
  readonly mode: "enforce" | "monitor" | "off";
  /** The share of innocent texts, 0 to 1, that a detector may have refused. */
  readonly falsePositiveRate: number;
  readonly developer: readonly Category[];
  readonly input: readonly Category[];
  readonly documents: readonly Category[];
  readonly history: readonly Category[];
  readonly output: {
    readonly redact: readonly Category[];
    readonly block: readonly Category[];
    readonly flag: readonly Category[];
  };
  readonly actions: Partial<Readonly<Record<Category, Action | undefined>>>;
  readonly allow: readonly Allowed[];
  readonly messages: Partial<Readonly<Record<Category, string | undefined>>>;
  readonly onFailure: OnFailure | Partial<Readonly<Record<Category, OnFailure | undefined>>>;
  readonly rules: readonly CustomRule[];
  /** The only hosts that texts may point to; absent: those that nothing speaks against. */
  readonly allowedHosts?: readonly string[] | undefined;
  readonly topics: readonly TopicRule[];
  readonly languages?: LanguageRule | undefined;
  /** on: system prompts get a mark upstream, by which an answer that gives them away is known. */
  readonly canaries: "off" | "on";
  readonly listed: readonly ListedRule[];
  /** What becomes of answers that repeat another tenant's documents. */
  readonly crossTenant: "off" | "flag" | "block";
}

/** Below this an attack is only noted: one phrase that people also use innocently. */
const BLOCK_FROM = 0.8;

/** What findings in prompts lead to where nothing is said; others are refused. */
const USUAL: Partial<Readonly<Record<Category, Action>>> = {
  secrets: "redact",
  pii: "redact",
  exfiltration: "redact",
  // What is harmful depends on who asks whom: it is noted until somebody decides.
  harmful: "flag",
};

/** What is taken out where it stands; the rest is about a whole text. */
const LEAKS: ReadonlySet<Category> = new Set(["secrets", "pii"]);

/** What a list of hosts is about. */
const HOSTS: readonly Category[] = ["exfiltration"];

/** The categories that matter in a text of this origin. */
export function wantedFor(origin: Origin, policy: Policy): ReadonlySet<Category> {
  if (policy.mode === "off") return new Set();
  const { redact, block, flag } = policy.output;
  const wanted: Record<Origin, readonly Category[]> = {
    developer: policy.developer,
    user: policy.input,
    document: policy.documents,
    tool: policy.documents,
    history: policy.history,
    assistant: [...redact, ...block, ...flag, ...(policy.allowedHosts ? HOSTS : [])],
  };
  return new Set(wanted[origin]);
}

/** What a finding leads to. Attacks are blocked, secrets and personal data taken out. Pure. */
export function decide(finding: Finding, origin: Origin, policy: Policy): Action {
  const wished = wishFor(finding, origin, policy);
  if (wished === "allow" || isCommon(finding, policy)) return "allow";
  if (policy.mode !== "enforce") return "flag";
  const isRefusal = wished === "block" || wished === "hold";
  return isRefusal && !isSure(finding, policy) ? "flag" : wished;
}

/** What is wished for findings that are sure. */
function wishFor(finding: Finding, origin: Origin, policy: Policy): Action {
  const { category, detector } = finding;
  const said = saidOf(detector, policy);
  if (said) return origin === "assistant" && said === "hold" ? "block" : said;
  if (origin === "assistant") return wishForAnswer(category, policy);
  return policy.actions[category] ?? usualFor(finding);
}

/** A tool's coloured output, or a short link, is not taken apart: what is in doubt there is only noted. */
function usualFor({ category, confidence }: Finding): Action {
  if (category === "exfiltration" && confidence < BLOCK_FROM) return "flag";
  return USUAL[category] ?? "block";
}

/** What the operator said of a rule of his own. */
function saidOf(detector: string, policy: Policy): Action | undefined {
  const { rules, topics, languages, listed } = policy;
  const rule =
    rules.find((own) => nameOf(own) === detector) ??
    topics.find(({ name }) => `custom.${name}` === detector) ??
    listed.find(({ name }) => `leakage.${name}` === detector);
  if (rule) return rule.action;
  if (detector === "leakage.other_tenant") {
    return policy.crossTenant === "off" ? "allow" : policy.crossTenant;
  }
  return detector.startsWith("custom.language_") ? languages?.action : undefined;
}

function wishForAnswer(category: Category, { output, allowedHosts }: Policy): Action {
  if (output.block.includes(category)) return "block";
  if (output.redact.includes(category)) return "redact";
  const isOfHosts = allowedHosts !== undefined && HOSTS.includes(category);
  return isOfHosts && !output.flag.includes(category) ? "redact" : "flag";
}

/** So many more innocent texts may be noted than refused; what is more common than that tells nothing. */
const NOTED = 2;

function isCommon({ falsePositiveRate = 0 }: Finding, policy: Policy): boolean {
  return falsePositiveRate > NOTED * policy.falsePositiveRate;
}

/** A detector that knows how often innocent texts look like that is asked for it; others say how sure they are. */
function isSure(
  { category, confidence, falsePositiveRate }: Finding,
  { falsePositiveRate: chosen }: Policy,
): boolean {
  if (LEAKS.has(category)) return true;
  return falsePositiveRate === undefined ? confidence >= BLOCK_FROM : falsePositiveRate <= chosen;
}

/** What becomes of a call when a check of this category fails. */
export function onFailureOf(category: Category, { onFailure }: Policy): OnFailure {
  return typeof onFailure === "string" ? onFailure : (onFailure[category] ?? "closed");
}

/** As findings of a rule of the operator's own are called. */
export function nameOf({ category, name }: CustomRule): string {
  return `${category}.${name}`;
}
