import type { FindingRecord, Origin } from "../core/call.ts";
import type { GenerateRequest } from "../core/chat.ts";
import { WeirError } from "../core/errors.ts";
import type { Category, Detector, Finding } from "./detector.ts";
import { type AnswerRules, type Answers, type Beside, answersTo } from "./answers.ts";
import { ATTACKS, leaksOf } from "./detectors/all.ts";
import { inspectConversation } from "./conversation/conversation.ts";
import { type Found, type Looker, NOTHING_FOUND, look, lookerFor } from "./policy/looker.ts";
import { listedIn, ownWatches } from "./policy/own-detectors.ts";
import { checkPatterns } from "./policy/own-patterns.ts";
import { type GuardRules, type Place, keyOf, policyFor } from "./policy/policy-for.ts";
import { type Policy, decide, onFailureOf } from "./policy/policy.ts";
import { refusalFor, scanFailed } from "./policy/refusal.ts";
import { markedIn, mapTexts } from "./request-texts.ts";
import type { OutputScan } from "./stream/output-scan.ts";
import type { RuleSet } from "./stream/rule-set.ts";
import { takeOut } from "./take-out.ts";

export interface InputVerdict {
  readonly request: GenerateRequest;
  readonly findings: readonly FindingRecord[];
  readonly blocked: WeirError | undefined;
  /** Whether everything was looked at that the policy names; `off`: it names nothing. */
  readonly scan: "done" | "failed" | "off";
  /** A watch over an answer to it; undefined when there is nothing to look for. */
  openOutput(): OutputScan | undefined;
  /** What upstreams get of the request: with what nobody else is to see. Absent: the same. */
  readonly toUpstream?: (request: GenerateRequest) => GenerateRequest;
}

/** A text of a request, and whose it is. */
export interface Piece {
  readonly text: string;
  readonly origin: Origin;
}

/** What was seen in a piece, each with the origin of the stretch in which it stands. */
export interface Seen {
  readonly findings: readonly (Finding & { readonly origin: Origin })[];
  readonly failures: Found["failures"];
}

/** A request whose texts were collected: whoever looks at them, here or in a thread, concludes. */
export interface Inspection {
  readonly pieces: readonly Piece[];
  /** `seen` has one entry a piece. */
  conclude(seen: readonly Seen[]): InputVerdict;
  /** Nobody could look: what the policy says of that. */
  giveUp(): InputVerdict;
}

export type Gate = ReturnType<typeof createGate>;

/** Nowhere in particular: only what weir.yaml says of everything. */
export const ANYWHERE: Place = { route: "", model: "", tenant: "" };

const ATTACKING: ReadonlySet<Category> = new Set(["injection", "jailbreak"]);
/** How many innocent conversations look like an attack was not measured: they are noted, and not refused. */
const NOTED = 0.79;

interface House extends AnswerRules {
  readonly lookers: Readonly<Record<Origin, Looker | undefined>>;
}

/**
 * The guard of one configuration: inspects requests and opens watches over answers. Throws
 * invalid_config where a pattern of the configuration cannot be used.
 */
export function createGate(rules: GuardRules, detectors: readonly Detector[] = ATTACKS) {
  checkPatterns(rules);
  const houses = new Map<string, House>();

  function houseOf(place: Place): House {
    const key = keyOf(place, rules);
    let house = houses.get(key);
    if (!house) houses.set(key, (house = build(policyFor(place, rules), detectors)));
    return house;
  }

  // Shapes take a moment to be made: at the start, not at the first call.
  houseOf(ANYWHERE);
  for (const route of Object.keys(rules.routes)) houseOf({ ...ANYWHERE, route });
  for (const tenant of Object.keys(rules.tenants)) houseOf({ ...ANYWHERE, tenant });

  return {
    /** Looks here and now. */
    inspect(request: GenerateRequest, place = ANYWHERE): InputVerdict {
      const house = houseOf(place);
      const inspection = this.begin(request, place);
      return inspection.conclude(inspection.pieces.map((piece) => see(piece, house)));
    },

    /** Collects what there is to look at. */
    begin(request: GenerateRequest, place = ANYWHERE, beside: Beside = {}) {
      const house = houseOf(place);
      return begin(request, house, answersTo(request, house, { ...beside, place }));
    },

    /** Looks at one text of a request; what `conclude` wants to know. */
    see: (piece: Piece, place = ANYWHERE) => see(piece, houseOf(place)),

    policy: (place: Place) => houseOf(place).policy,
  };
}

function build(policy: Policy, detectors: readonly Detector[]): House {
  const of = (origin: Origin) => lookerFor(origin, policy, detectors);
  const assistant = of("assistant");
  return {
    policy,
    shapes: assistant?.shapes,
    watches: ownWatches(policy),
    listed: listedIn(policy),
    lookers: {
      developer: of("developer"),
      user: of("user"),
      document: of("document"),
      tool: of("tool"),
      history: of("history"),
      assistant,
    },
  };
}

function begin(request: GenerateRequest, { policy, lookers }: House, answers: Answers): Inspection {
  const pieces: Piece[] = [];
  mapTexts(request, (text, origin) => {
    if (lookers[origin]) pieces.push({ text, origin });
    return text;
  });
  return {
    pieces,
    conclude(seen) {
      const together = overTurns(request, pieces, { seen, looker: lookers.user });
      const failures = [
        ...seen.flatMap((one) => one.failures),
        ...(together ? [] : [{ detector: "conversation", category: "jailbreak" as const }]),
      ];
      const findings: FindingRecord[] = [];
      const refusals: Refusal[] = [];
      const redacted = new Map<string, string>();
      for (const finding of together ?? []) {
        const action = decide(finding, "user", policy);
        if (action !== "allow") findings.push(toRecord({ ...finding, origin: "user" }, action));
        if (action === "block" || action === "hold") {
          refusals.push({ ...finding, origin: "user", action });
        }
      }
      for (const [at, { text }] of pieces.entries()) {
        const taken = (seen[at]?.findings ?? []).filter((finding) => {
          const action = decide(finding, finding.origin, policy);
          if (action !== "allow") findings.push(toRecord(finding, action));
          if (action === "block" || action === "hold") refusals.push({ ...finding, action });
          return action === "redact";
        });
        if (taken.length > 0) redacted.set(text, takeOut(text, taken));
      }
      return {
        request: redacted.size > 0 ? withRedactions(request, redacted) : request,
        findings: [...findings, ...failures.map((failure) => scanFailed(failure.detector))],
        blocked: refusalFor(refusals, policy) ?? failedClosed(failures, policy),
        scan: failures.length > 0 ? "failed" : isOff(lookers) ? "off" : "done",
        ...answers,
      };
    },
    giveUp() {
      const wanted = new Set(pieces.flatMap(({ origin }) => lookersOf(lookers[origin])));
      const failures = [...wanted].map((category) => ({ detector: category, category }));
      return this.conclude([{ findings: [], failures }]);
    },
  };
}

/** What the user's turns say together, and none of them alone; undefined where nobody could look. */
function overTurns(
  request: GenerateRequest,
  pieces: readonly Piece[],
  { seen, looker }: { readonly seen: readonly Seen[]; readonly looker: Looker | undefined },
): readonly Finding[] | undefined {
  if (request.kind !== "chat" || !looker) return [];
  const attacks = looker.detectors.filter(({ category }) => ATTACKING.has(category));
  if (attacks.length === 0) return [];
  const known = new Map(pieces.map(({ text }, at) => [text, seen[at]?.findings ?? []]));
  const scoreOf = (text: string) =>
    Math.max(
      0,
      ...(
        known.get(text) ?? look(text, { ...looker, detectors: attacks, shapes: undefined }).findings
      )
        .filter(({ category }) => ATTACKING.has(category))
        .map(({ confidence }) => confidence),
    );
  try {
    return inspectConversation(request.messages, scoreOf).map((finding) => ({
      ...finding,
      confidence: Math.min(finding.confidence, NOTED),
    }));
  } catch {
    return undefined;
  }
}

type Refusal = Finding & { readonly origin: Origin; readonly action: "block" | "hold" };

function see({ text, origin }: Piece, { lookers }: House): Seen {
  const looker = lookers[origin];
  const { findings, failures } = looker ? look(text, looker) : NOTHING_FOUND;
  const own = findings.map((finding) => ({ ...finding, origin }));
  const { document } = lookers;
  if (origin !== "user" || !document) return { findings: own, failures };
  // What a user marks as a document is looked at as his text and as a document.
  const marked = markedIn(text).map(({ start, end }) => {
    const found = look(text.slice(start, end), document);
    return {
      failures: found.failures,
      findings: found.findings.map((finding) => ({
        ...finding,
        start: finding.start + start,
        end: finding.end + start,
        origin: "document" as const,
      })),
    };
  });
  const isNew = (finding: Finding) =>
    !own.some(({ detector, start, end }) => {
      return detector === finding.detector && start === finding.start && end === finding.end;
    });
  return {
    findings: [...own, ...marked.flatMap((one) => one.findings).filter(isNew)],
    failures: [...failures, ...marked.flatMap((one) => one.failures)],
  };
}

function isOff(lookers: House["lookers"]): boolean {
  return Object.values(lookers).every((looker) => looker === undefined);
}

/** The categories that a looker is for: what nobody knows when it cannot look. */
function lookersOf(looker: Looker | undefined): Category[] {
  if (!looker) return [];
  const categories = looker.detectors.map(({ category }) => category);
  return looker.shapes ? [...categories, "secrets", "pii"] : categories;
}

function failedClosed(failures: Found["failures"], policy: Policy): WeirError | undefined {
  const closed = failures.find(({ category }) => onFailureOf(category, policy) === "closed");
  if (!closed || policy.mode !== "enforce") return undefined;
  return new WeirError(
    "guard_failed",
    `The guard could not look at this request (${closed.detector}), and what was not looked at is not let through. Try again; guard.onFailure in weir.yaml says what becomes of such calls.`,
  );
}

/** The finding in a record's words. What leaks is never quoted. */
function toRecord(finding: Finding & { origin: Origin }, action: FindingRecord["action"]) {
  const { detector, origin, confidence, falsePositiveRate, evidence, category } = finding;
  const isQuotable = category !== "secrets" && category !== "pii" && category !== "custom";
  return {
    detector,
    action,
    origin,
    confidence,
    ...(falsePositiveRate !== undefined && { falsePositiveRate }),
    ...(evidence && isQuotable && { evidence }),
  };
}

/** The request with other texts. A relay of the client's own body must not bring back the originals. */
function withRedactions(
  request: GenerateRequest,
  redacted: ReadonlyMap<string, string>,
): GenerateRequest {
  const seen = mapTexts(request, (text) => redacted.get(text) ?? text);
  const { source } = request;
  return source ? { ...seen, source: { ...source, redacted } } : seen;
}

const EVERY_LEAK: ReadonlySet<Category> = new Set(["secrets", "pii"]);
let everyLeak: RuleSet | undefined;

/** A text with every secret and personal number taken out: what traces keep under `capture: redacted`. */
export function redact(text: string): string {
  // Putting the rules together takes longer than looking at a text.
  everyLeak ??= leaksOf(EVERY_LEAK);
  const findings = everyLeak?.look(text, true).findings ?? [];
  return findings.length === 0 ? text : takeOut(text, findings);
}
