import type { Finding } from "../detector.ts";
import type { RuleSet } from "../stream/rule-set.ts";
import { NAME, isNumber, partsOf } from "./grouping.ts";
import type { Mapping } from "./vault-keys.ts";

/** What placeholders' findings are called: this, and the place in the list. */
const PREFIX = "vault.";

/** The place of the mapping that a finding is of; undefined where it is no placeholder's. */
export function placeOf({ detector }: Finding): number | undefined {
  return detector.startsWith(PREFIX) ? Number(detector.slice(PREFIX.length)) : undefined;
}

interface Node {
  readonly next: Map<string, Node>;
  /** Whose placeholder ends here. */
  index: number | undefined;
}

/** Between the parts of a number, at most this many of these; models also write those that break no line. */
const MOST_BETWEEN = 2;
const BETWEEN: ReadonlySet<string> = new Set(" .-/()\u00a0\u202f\u2010\u2011");
/** A number may have these in front of it. */
const IN_FRONT: ReadonlySet<string> = new Set("+(");
const LETTER = /[\p{L}\p{N}_]/u;

type Outcome = "none" | "undecided" | { readonly index: number; readonly end: number };

/**
 * A request's placeholders as a rule set, in every grouping in which a model may write them: the leftmost
 * counts, then the longest. Made for one answer, so it costs no more than its placeholders are long.
 */
export function placeholderRules(mappings: readonly Mapping[]): RuleSet {
  const numbers = newNode();
  const words = newNode();
  for (const [index, { placeholder, detector }] of mappings.entries()) {
    if (isNumber(detector)) plant(numbers, partsOf(placeholder).toUpperCase(), index);
    else plant(words, placeholder.toLowerCase(), index);
  }

  function wordAt(text: string, start: number, { isEnd, before }: Edges): Outcome {
    let node: Node | undefined = words;
    let best: Outcome = "none";
    let at = start;
    while (node) {
      const { index } = node;
      const mapping = index === undefined ? undefined : mappings[index];
      if (index !== undefined && mapping) {
        const isWhole = isWholeAt(text, { start, end: at, isEnd, before }, mapping);
        if (isWhole === undefined) return "undecided";
        if (isWhole) best = { index, end: at };
      }
      if (node.next.size === 0) break;
      if (at === text.length) return isEnd ? best : "undecided";
      node = node.next.get(text.charAt(at).toLowerCase());
      at += 1;
    }
    return best;
  }

  return {
    look(text, isEnd, before = "") {
      const findings: Finding[] = [];
      const edges = { isEnd, before };
      let at = 0;
      while (at < text.length) {
        const word = wordAt(text, at, edges);
        const number = numberAt(numbers, text, at, isEnd);
        if (word === "undecided" || number === "undecided") return { findings, settled: at };
        const found = longest(word, number);
        if (found) {
          const { index, end } = found;
          const detector = `${PREFIX}${index}`;
          findings.push({ detector, category: "pii", start: at, end, confidence: 1 });
        }
        at = found?.end ?? at + 1;
      }
      return { findings, settled: text.length };
    },
  };
}

interface Edges {
  readonly isEnd: boolean;
  readonly before: string;
}

function numberAt(numbers: Node, text: string, start: number, isEnd: boolean): Outcome {
  let at = start;
  while (at - start < MOST_BETWEEN && IN_FRONT.has(text.charAt(at))) at += 1;
  let node = numbers;
  let between = 0;
  let best: Outcome = "none";
  while (node.next.size > 0) {
    if (at === text.length) return isEnd ? best : "undecided";
    const char = text.charAt(at);
    const next = node.next.get(char.toUpperCase());
    if (next) {
      node = next;
      between = 0;
    } else if (node === numbers || between >= MOST_BETWEEN || !BETWEEN.has(char)) {
      return best;
    } else between += 1;
    at += 1;
    if (next?.index === undefined) continue;
    // A longer number is another one.
    if (at === text.length && !isEnd) return "undecided";
    if (!/\d/.test(text.charAt(at))) best = { index: next.index, end: at };
  }
  return best;
}

/** Whether it is the placeholder as it was made, and no part of a longer word; undefined: more text is needed. */
function isWholeAt(
  text: string,
  { start, end, isEnd, before }: Edges & { readonly start: number; readonly end: number },
  { placeholder, detector }: Mapping,
): boolean | undefined {
  if (detector === "pii.email") return true;
  if (text.slice(start, end) !== placeholder) return false;
  if (detector !== NAME) return true;
  const previous = start > 0 ? text.charAt(start - 1) : before.slice(-1);
  if (LETTER.test(previous)) return false;
  if (end === text.length) return isEnd ? true : undefined;
  return !LETTER.test(text.charAt(end));
}

function longest(one: Outcome, other: Outcome) {
  if (typeof one === "string") return typeof other === "string" ? undefined : other;
  return typeof other !== "string" && other.end > one.end ? other : one;
}

function newNode(): Node {
  return { next: new Map(), index: undefined };
}

function plant(root: Node, text: string, index: number): void {
  let node = root;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    let next = node.next.get(char);
    if (!next) node.next.set(char, (next = newNode()));
    node = next;
  }
  node.index ??= index;
}
