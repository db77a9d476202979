/**
 * What a chat template should not have. It comes with the model's file and writes every prompt, so
 * whoever changes it speaks in the operator's name; and other programs run it as Python would.
 */

/** Real ones have 20,000 characters at the most. */
const LONGEST = 200_000;
const MOST_SHOWN = 60;
const SOON = 160;

/** What stands between `{{ }}` or `{% %}`, what is written as it is, and what is left out. */
interface Parts {
  readonly code: readonly string[];
  readonly text: readonly string[];
}

interface Rule {
  readonly where: "code" | "words";
  readonly pattern: RegExp;
  /** What has to follow within the same line, and soon. */
  readonly soon?: RegExp;
  readonly fault: string;
}

const RULES: readonly Rule[] = [
  {
    where: "code",
    pattern:
      /__\w{2,40}__|\\x5f|\\u005f|\.\s{0,4}(?:constructor|prototype)\b|\[\s{0,4}["'](?:constructor|prototype|__)/i,
    fault: "its code reaches into the objects of the program that runs it",
  },
  {
    where: "code",
    pattern:
      /\|\s{0,4}attr\b|\b(?:eval|exec|getattr|globals|popen|subprocess|import_module)\s{0,4}\(/i,
    fault: "its code calls what only attacks on template engines call",
  },
  {
    where: "code",
    pattern: /^[-+\s]{0,8}(?:include|import|extends|from)\b/i,
    fault: "its code loads other files",
  },
  {
    where: "code",
    pattern: /["']([A-Za-z][A-Za-z ]{3,60})["']\s{1,4}in\s{1,4}[\w.[\]"'-]{0,80}content\b/i,
    fault: "it writes another prompt when a message holds certain words",
  },
  {
    where: "words",
    pattern:
      /\b(?:ignore|disregard|forget|override) (?:(?:all|any|the|your|previous|prior|above|earlier|user's|system) ){1,4}(?:instructions?|prompts?|rules|guidelines|messages?)\b/i,
    fault: "it orders the model to ignore instructions",
  },
  {
    where: "words",
    pattern:
      /\b(?:(?:do not|don't|never) (?:mention|tell|reveal|disclose|inform|let)|without (?:mentioning|telling|informing|revealing)|secretly|covertly)\b/gi,
    soon: /\b(?:users?|anyone|anybody|this|these|them)\b/i,
    fault: "it orders the model to hide something from users",
  },
  {
    where: "words",
    pattern: /\b(?:always|include|insert|append|embed|add|load|recommend|send|post)\b/gi,
    soon: /https?:\/\/|<script|!\[/i,
    fault: "it orders the model to put links or scripts into answers",
  },
];

/** These ask what kind of content there is. */
const KINDS =
  /^(?:text|type|image|image_url|images|video|audio|input_audio|file|document|thinking|reasoning)$/i;
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/;
const UNSEEN =
  /[\u202A-\u202E\u2066-\u2069\u{E0000}-\u{E007F}]|(?:[\u200B-\u200D\u2060]{1,4}[^\u200B-\u200D\u2060]{0,4}){3}/u;

/** In the words of an error message; empty for a template that only writes prompts. Pure and linear. */
export function faultsInTemplate(source: string): string[] {
  if (source.length > LONGEST) {
    return [`it has ${source.length} characters; templates have some thousands`];
  }
  const faults: string[] = [];
  if (CONTROLS.test(source)) faults.push("it holds control characters");
  if (UNSEEN.test(source)) faults.push("it holds characters that cannot be seen");
  const { code, text } = partsOf(source);
  // What code writes as a string is said, too.
  const words = [...text, ...code];
  for (const { where, fault, ...rule } of RULES) {
    const hit = firstHit(where === "code" ? code : words, rule);
    if (hit !== undefined) faults.push(`${fault} (${JSON.stringify(hit)})`);
  }
  return faults;
}

function firstHit(
  parts: readonly string[],
  { pattern, soon }: Pick<Rule, "pattern" | "soon">,
): string | undefined {
  for (const part of parts) {
    const hit = soon ? hitBefore(part, pattern, soon) : pattern.exec(part);
    if (hit && !KINDS.test(hit[1] ?? "")) return hit[0].trim().slice(0, MOST_SHOWN);
  }
  return undefined;
}

function hitBefore(part: string, pattern: RegExp, soon: RegExp): RegExpExecArray | undefined {
  for (const hit of part.matchAll(pattern)) {
    const from = hit.index + hit[0].length;
    const [line = ""] = part.slice(from, from + SOON).split("\n", 1);
    if (soon.test(line)) return hit;
  }
  return undefined;
}

const CLOSED_BY: Readonly<Record<string, string>> = { "{{": "}}", "{%": "%}", "{#": "#}" };

function partsOf(source: string): Parts {
  const code: string[] = [];
  const text: string[] = [];
  let at = 0;
  for (const { 0: opening, index } of source.matchAll(/\{[{%#]/g)) {
    if (index < at) continue;
    text.push(source.slice(at, index));
    const end = source.indexOf(CLOSED_BY[opening] ?? "", index + 2);
    const inside = source.slice(index + 2, end < 0 ? source.length : end);
    if (opening !== "{#") code.push(inside);
    at = end < 0 ? source.length : end + 2;
  }
  text.push(source.slice(at));
  return { code, text };
}
