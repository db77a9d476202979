import { literal, repeated } from "./grammar-rules.ts";

/** Says why a pattern cannot be turned into a grammar. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

/** A JSON string's content is written escaped; these stand for themselves in no string. */
const JSON_ESCAPED = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
]);
const CLASSES: Readonly<Record<string, string>> = {
  d: "0-9",
  w: "A-Za-z0-9_",
  s: " ",
};
const NEVER = '"\\\\\\x00-\\x1F\\x7F';

/**
 * The content of a JSON string that matches a regular expression. `any` names the rule for any
 * character. Known: literals, classes, groups, alternatives, quantifiers, `^` at the start and `$` at
 * the end. Throws PatternError for the rest (look-around, back-references, word borders).
 */
export function patternToGrammar(pattern: string, any: string): string {
  const starts = pattern.startsWith("^");
  const ends = /(?<!\\)(\\\\)*\$$/.test(pattern);
  const reader = new Reader(pattern.slice(starts ? 1 : 0, ends ? -1 : undefined), any);
  const body = reader.alternatives();
  if (!reader.atEnd) throw new PatternError('an unexpected ")"');
  return [starts ? "" : `${any}*`, `( ${body} )`, ends ? "" : `${any}*`].join(" ").trim();
}

class Reader {
  readonly #text: string[];
  readonly #any: string;
  #at = 0;

  constructor(text: string, any: string) {
    this.#text = Array.from(text);
    this.#any = any;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  alternatives(): string {
    const choices = [this.#sequence()];
    while (this.#peek() === "|") {
      this.#at++;
      choices.push(this.#sequence());
    }
    return choices.join(" | ");
  }

  #sequence(): string {
    const items: string[] = [];
    for (let next = this.#peek(); next !== undefined; next = this.#peek()) {
      if (next === "|" || next === ")") break;
      items.push(this.#quantified(this.#atom()));
    }
    return items.length === 0 ? '""' : items.join(" ");
  }

  #atom(): string {
    const letter = this.#take();
    if (letter === "(") return this.#group();
    if (letter === "[") return this.#class();
    if (letter === ".") return this.#any;
    if (letter === "\\") return this.#escape();
    if ("^$*+?{".includes(letter)) throw new PatternError(`"${letter}" in this place`);
    return literal(JSON_ESCAPED.get(letter) ?? letter);
  }

  #group(): string {
    if (this.#peek() === "?") {
      this.#at++;
      if (this.#take() !== ":") throw new PatternError("a group that looks around or has a name");
    }
    const body = this.alternatives();
    if (this.#take() !== ")") throw new PatternError("a group without an end");
    return `( ${body} )`;
  }

  #escape(): string {
    const letter = this.#take();
    const set = CLASSES[letter.toLowerCase()];
    if (set !== undefined) return letter in CLASSES ? `[${set}]` : `[^${set}${NEVER}]`;
    if (/[A-Za-z0-9]/.test(letter)) throw new PatternError(`"\\${letter}"`);
    return literal(JSON_ESCAPED.get(letter) ?? letter);
  }

  #class(): string {
    const negated = this.#peek() === "^";
    if (negated) this.#at++;
    let set = "";
    while (this.#peek() !== "]") {
      const letter = this.#take();
      set += letter === "\\" ? this.#classEscape() : classLetter(letter);
    }
    this.#at++;
    if (set === "") throw new PatternError("an empty class");
    return negated ? `[^${set}${NEVER}]` : `[${set}]`;
  }

  #classEscape(): string {
    const letter = this.#take();
    const set = CLASSES[letter];
    if (set !== undefined) return set;
    if (/[A-Za-z0-9]/.test(letter)) throw new PatternError(`"\\${letter}" in a class`);
    return letter === "-" ? "\\x2D" : classLetter(letter);
  }

  #quantified(item: string): string {
    const sign = this.#peek();
    const bounds = sign === "{" ? this.#bounds() : QUANTIFIERS[sign ?? ""];
    if (!bounds) return item;
    if (sign !== "{") this.#at++;
    // Lazy or greedy: the same set of texts.
    if (this.#peek() === "?") this.#at++;
    return repeated(item, bounds[0], bounds[1]);
  }

  #bounds(): [number, number | undefined] {
    const rest = this.#text.slice(this.#at).join("");
    const found = /^\{(\d+)(,(\d*))?\}/.exec(rest);
    if (!found) throw new PatternError('"{" in this place');
    this.#at += found[0].length;
    const from = Number(found[1]);
    if (found[2] === undefined) return [from, from];
    return [from, found[3] === "" ? undefined : Number(found[3])];
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #take(): string {
    const letter = this.#text[this.#at++];
    if (letter === undefined) throw new PatternError("a pattern that breaks off");
    return letter;
  }
}

const QUANTIFIERS: Readonly<Record<string, [number, number | undefined]>> = {
  "*": [0, undefined],
  "+": [1, undefined],
  "?": [0, 1],
};

function classLetter(letter: string): string {
  if (letter === '"' || letter === "\\")
    throw new PatternError("a quote or backslash in a class of characters");
  return CLASS_ESCAPES[letter] ?? letter;
}

const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  "[": "\\[",
  "]": "\\]",
  "^": "\\x5E",
  "\n": "\\n",
};
