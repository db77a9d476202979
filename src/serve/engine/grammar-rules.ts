/** The rules of a GBNF grammar in the making, and the words of JSON that every schema needs. */
export class GrammarRules {
  readonly #rules = new Map<string, string>();
  readonly #taken = new Map<string, number>();

  /** Puts a body under a new name that looks like `hint`; returns the name. */
  add(hint: string, body: string): string {
    const name = this.reserve(hint);
    this.define(name, body);
    return name;
  }

  /** A name whose body comes later: how a rule may refer to itself. */
  reserve(hint: string): string {
    const base = hint.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "rule";
    const count = this.#taken.get(base) ?? 0;
    this.#taken.set(base, count + 1);
    return count === 0 && !RESERVED.has(base) ? base : `${base}-${count + 1}`;
  }

  define(name: string, body: string): void {
    this.#rules.set(name, body);
  }

  /** One of the shared rules of JSON, added when first asked for. */
  json(name: JsonRule): string {
    if (this.#rules.has(name)) return name;
    const { body, needs } = JSON_RULES[name];
    this.#rules.set(name, body);
    for (const other of needs) this.json(other);
    return name;
  }

  /** Any JSON value that is nested no deeper than `depth`: a weak model opens brackets for ever. */
  value(depth = DEPTH): string {
    const name = `value-${depth}`;
    if (this.#rules.has(name)) return name;
    const plain = ["string", "number", "boolean", "null"] as const;
    const kinds: string[] = plain.map((rule) => this.json(rule));
    if (depth > 0) kinds.push(this.object(depth), this.array(depth));
    this.define(name, kinds.join(" | "));
    return name;
  }

  /** Any object, its values nested less deep. */
  object(depth = DEPTH): string {
    const name = `object-${depth}`;
    if (this.#rules.has(name)) return name;
    const pair = `${this.json("string")} ":" ${this.json("ws")} ${this.value(depth - 1)}`;
    this.define(name, `"{" ws ( ${pair} ( "," ws ${pair} )* ws )? "}"`);
    return name;
  }

  array(depth = DEPTH): string {
    const name = `array-${depth}`;
    if (this.#rules.has(name)) return name;
    const item = this.value(depth - 1);
    this.define(name, `"[" ${this.json("ws")} ( ${item} ( "," ws ${item} )* ws )? "]"`);
    return name;
  }

  /** The whole grammar with this body as its root. */
  toText(root: string): string {
    const lines = [`root ::= ${root}`];
    for (const [name, body] of this.#rules) lines.push(`${name} ::= ${body}`);
    return lines.join("\n");
  }
}

const DEPTH = 6;

type JsonRule = "ws" | "char" | "string" | "integer" | "number" | "boolean" | "null";

/** Whitespace and digits are bounded: an unsure model would go on with them to the end of the context. */
const JSON_RULES: Readonly<Record<JsonRule, { body: string; needs: readonly JsonRule[] }>> = {
  ws: { body: '" "? | "\\n" " "{0,12}', needs: [] },
  char: {
    body: '[^"\\\\\\x00-\\x1F\\x7F] | "\\\\" ( ["\\\\/bfnrt] | "u" [0-9a-fA-F]{4} )',
    needs: [],
  },
  string: { body: '"\\"" char* "\\""', needs: ["char"] },
  integer: { body: '"-"? ( "0" | [1-9] [0-9]{0,15} )', needs: [] },
  number: {
    body: 'integer ( "." [0-9]{1,15} )? ( [eE] [-+]? [0-9]{1,2} )?',
    needs: ["integer"],
  },
  boolean: { body: '"true" | "false"', needs: [] },
  null: { body: '"null"', needs: [] },
};

const RESERVED: ReadonlySet<string> = new Set(["root", ...Object.keys(JSON_RULES)]);

/** Exactly this text. */
export function literal(text: string): string {
  const escaped = text.replace(/["\\\n\r\t]/g, (letter) => ESCAPES[letter] ?? letter);
  return `"${escaped}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** Exactly this value, written as JSON. */
export function jsonLiteral(value: unknown): string {
  return literal(JSON.stringify(value));
}

/** `rule{2,5}`, and the shorter forms where they say the same. */
export function repeated(rule: string, from: number, to: number | undefined): string {
  if (from === 0 && to === undefined) return `${rule}*`;
  if (from === 1 && to === undefined) return `${rule}+`;
  if (from === 0 && to === 1) return `${rule}?`;
  if (from === to) return `${rule}{${from}}`;
  return `${rule}{${from},${to ?? ""}}`;
}
