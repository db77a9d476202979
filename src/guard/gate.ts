import type { FindingRecord, Origin } from "../core/call.ts";
import type { ChatMessage, GenerateRequest, Role } from "../core/chat.ts";
import { WeirError } from "../core/errors.ts";
import type { Category, Detector, Finding } from "./detector.ts";
import { ATTACKS, leaksOf } from "./detectors/all.ts";
import { type GuardRules, decide, wantedFor } from "./policy/policy.ts";
import { OutputScan, describe, replacementFor } from "./stream/output-scan.ts";
import type { RuleSet } from "./stream/rule-set.ts";

/** What a message's writer makes of it. System and developer prompts are ours: never scanned. */
const ORIGIN: Readonly<Record<Role, Origin | undefined>> = {
  system: undefined,
  developer: undefined,
  user: "user",
  assistant: undefined,
  tool: "tool",
};

export interface InputVerdict {
  readonly request: GenerateRequest;
  readonly findings: readonly FindingRecord[];
  readonly blocked: WeirError | undefined;
  /** A watch over an answer to it; undefined when there is nothing to look for. */
  openOutput(): OutputScan | undefined;
}

/** One way of looking at texts of one origin. */
interface Looker {
  readonly attacks: readonly Detector[];
  readonly leaks: RuleSet | undefined;
}

/** The guard of one configuration: inspects requests and opens watches over answers. */
export function createGate(rules: GuardRules) {
  const lookers: Record<"user" | "tool", Looker> = {
    user: createLooker(wantedFor("user", rules)),
    tool: createLooker(wantedFor("tool", rules)),
  };
  const output = createLooker(wantedFor("assistant", rules)).leaks;

  return {
    inspect(request: GenerateRequest): InputVerdict {
      const findings: FindingRecord[] = [];
      let redacted: Map<string, string> | undefined;
      const scan = (text: string, origin: Origin) => {
        const seen = look(text, origin, findings);
        if (seen !== text) (redacted ??= new Map()).set(text, seen);
        return seen;
      };
      const seen =
        request.kind === "completion" ? scanPrompt(request, scan) : scanChat(request, scan);
      const worst = findings.find(({ action }) => action === "block");
      return {
        request: redacted ? withRedactions(seen, redacted) : seen,
        findings,
        blocked: worst && toBlock(worst),
        openOutput,
      };
    },
  };

  function openOutput(): OutputScan | undefined {
    return output && new OutputScan(output, (finding) => decide(finding, "assistant", rules));
  }

  /** Collects what is in a text; gives the text back with what must not pass taken out. */
  function look(text: string, origin: Origin, findings: FindingRecord[]): string {
    const { attacks, leaks } = lookers[origin === "tool" ? "tool" : "user"];
    for (const detector of attacks) {
      for (const finding of detector.inspect(text)) note(finding, origin, findings);
    }
    const found = leaks?.look(text, true).findings ?? [];
    return takeOut(
      text,
      found.filter((finding) => note(finding, origin, findings) === "redact"),
    );
  }

  function note(finding: Finding, origin: Origin, findings: FindingRecord[]) {
    const action = decide(finding, origin, rules);
    const { detector, confidence } = finding;
    findings.push({ detector, action, origin, confidence });
    return action;
  }
}

function createLooker(wanted: ReadonlySet<Category>): Looker {
  return {
    attacks: ATTACKS.filter(({ category }) => wanted.has(category)),
    leaks: leaksOf(wanted),
  };
}

type Scan = (text: string, origin: Origin) => string;

function scanPrompt<T extends { readonly prompt: string }>(request: T, scan: Scan): T {
  const prompt = scan(request.prompt, "user");
  return prompt === request.prompt ? request : { ...request, prompt };
}

function scanChat<T extends { readonly messages: readonly ChatMessage[] }>(
  request: T,
  scan: Scan,
): T {
  let isChanged = false;
  const messages = request.messages.map((message) => {
    const origin = ORIGIN[message.role];
    const seen = origin ? scanMessage(message, (text) => scan(text, origin)) : message;
    isChanged ||= seen !== message;
    return seen;
  });
  return isChanged ? { ...request, messages } : request;
}

function scanMessage(message: ChatMessage, scan: (text: string) => string): ChatMessage {
  const { content } = message;
  if (content === null) return message;
  if (typeof content === "string") {
    const seen = scan(content);
    return seen === content ? message : { ...message, content: seen };
  }
  let isChanged = false;
  const parts = content.map((part) => {
    if (part.type !== "text") return part;
    const text = scan(part.text);
    isChanged ||= text !== part.text;
    return { ...part, text };
  });
  return isChanged ? { ...message, content: parts } : message;
}

/** A relay of the client's own body must not bring back what was taken out. */
function withRedactions(
  request: GenerateRequest,
  redacted: ReadonlyMap<string, string>,
): GenerateRequest {
  const { source } = request;
  return source ? { ...request, source: { ...source, redacted } } : request;
}

function takeOut(text: string, findings: readonly Finding[]): string {
  let result = text;
  for (const { start, end, detector } of findings.toReversed()) {
    result = result.slice(0, start) + replacementFor(detector) + result.slice(end);
  }
  return result;
}

function toBlock({ detector, origin }: FindingRecord): WeirError {
  const where = origin === "user" ? "The prompt" : "A tool's result";
  return new WeirError(
    "blocked_by_guard",
    `${where} was refused: it looks like ${describe(detector)}. If this is a false alarm, reword it, or set guard.mode: monitor in weir.yaml to only record such findings.`,
  );
}

const EVERY_LEAK: ReadonlySet<Category> = new Set(["secrets", "pii"]);

/** A text with every secret and personal number taken out: what traces keep under `capture: redacted`. */
export function redact(text: string): string {
  return takeOut(text, leaksOf(EVERY_LEAK)?.look(text, true).findings ?? []);
}
