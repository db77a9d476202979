import type { Turn } from "./turns.ts";

/** A text that was handed over in pieces. */
export interface Joined {
  readonly text: string;
  /** How the pieces were to be put together. */
  readonly how: "variables" | "parts" | "turns";
}

const QUOTES = "\"'`“”‘’«»";
const ASSIGNED = new RegExp(
  `\\b([a-z_]\\w{0,19})\\s{0,3}(?::=|=|:|\\bis\\b|\\bbe\\b|\\bas\\b)\\s{0,3}[${QUOTES}]([^${QUOTES}\\n]{1,300})[${QUOTES}]`,
  "gi",
);
const NAMED = /[a-z_]\w{0,19}/gi;
/** What stands between names that are to be joined. */
const BETWEEN = /^(?:\+|&|,|\.\.?|\|\||and|then|plus|, and|[}{$ ]{0,5})$/i;
const PART =
  /\b(?:part|piece|fragment|chunk|segment|section|bit|half|token)\s{0,2}#?(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|[a-h])\b\s{0,2}(?:[:=]|is|-)\s{0,2}([^\n]{1,400})/gi;
const JOIN =
  /\b(?:combine|join|concatenate|concat|assemble|merge|piece together|put (?:them|it|these|those|all|the \w{1,12}) together|glue|append|stitch|in order)\b/i;
const NUMBERS = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
/** Turns of so few characters, one after the other, may be one sentence. */
const SHORT_TURN = 60;
const LEAST_SHORT = 3;

/** The texts that a user's turns make when their pieces are put together as they ask. Linear. */
export function joinedIn(turns: readonly Turn[]): Joined[] {
  const said = turns.filter(({ role }) => role === "user").map(({ text }) => text);
  if (said.length === 0) return [];
  return [...variablesIn(said), ...partsIn(said), ...shortTurnsIn(said)];
}

function variablesIn(said: readonly string[]): Joined[] {
  const values = new Map<string, string>();
  for (const text of said) {
    for (const [, name = "", value = ""] of text.matchAll(ASSIGNED)) {
      values.set(name.toLowerCase(), value);
    }
  }
  if (values.size < 2) return [];
  const sequences = said.flatMap((text) => sequencesIn(text, values));
  return sequences
    .filter((names) => names.length > 1)
    .map((names) => ({
      text: names.map((name) => values.get(name) ?? "").join(""),
      how: "variables",
    }));
}

/** Runs of known names with nothing between them but what joins. */
function sequencesIn(text: string, values: ReadonlyMap<string, string>): string[][] {
  const sequences: string[][] = [];
  let current: string[] = [];
  let end = 0;
  for (const { 0: word, index } of text.matchAll(NAMED)) {
    const name = word.toLowerCase();
    if (!values.has(name)) continue;
    const isNext = index - end <= 10 && BETWEEN.test(text.slice(end, index).trim());
    if (!isNext) sequences.push((current = []));
    current.push(name);
    end = index + word.length;
  }
  return sequences;
}

function partsIn(said: readonly string[]): Joined[] {
  if (!said.some((text) => JOIN.test(text))) return [];
  const parts = new Map<number, string>();
  for (const text of said) {
    for (const [, number = "", piece = ""] of text.matchAll(PART)) {
      parts.set(placeOf(number.toLowerCase()), piece.replace(/["'`]/g, "").trim());
    }
  }
  if (parts.size < 2) return [];
  const pieces = Array.from(parts).toSorted(([a], [b]) => a - b);
  const texts = pieces.map(([, piece]) => piece);
  // A word may have been cut, or a sentence.
  return ["", " "].map((blank) => ({ text: texts.join(blank), how: "parts" }));
}

function placeOf(number: string): number {
  if (/^\d/.test(number)) return Number(number);
  const word = NUMBERS.indexOf(number);
  return word > 0 ? word : number.charCodeAt(0) - 96;
}

/** The latest run of turns of a few words each. */
function shortTurnsIn(said: readonly string[]): Joined[] {
  const from = said.findLastIndex((text) => text.length > SHORT_TURN) + 1;
  const run = said.slice(from).map((text) => text.trim());
  if (run.length < LEAST_SHORT) return [];
  return ["", " "].map((blank) => ({ text: run.join(blank), how: "turns" }));
}
