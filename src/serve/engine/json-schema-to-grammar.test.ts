import { describe, expect, it } from "vitest";
import { ANY_JSON_GRAMMAR, jsonSchemaToGrammar } from "./json-schema-to-grammar.ts";

/** A grammar as a set of positions that a text can be read to: small, slow, and independent of ours. */
type Node =
  | { kind: "text"; text: string[] }
  | { kind: "set"; negated: boolean; ranges: [number, number][] }
  | { kind: "rule"; name: string }
  | { kind: "sequence"; items: Node[] }
  | { kind: "choice"; items: Node[] }
  | { kind: "repeat"; item: Node; from: number; to: number };

function matches(grammar: string, text: string): boolean {
  const rules = new Map<string, Node>();
  for (const line of grammar.split("\n")) {
    const [name = "", body = ""] = line.split(/ ::= (.*)/s);
    rules.set(name, parseBody(body));
  }
  const letters = Array.from(text);
  return endsOf({ kind: "rule", name: "root" }, { rules, letters }, 0).has(letters.length);
}

interface Text {
  readonly rules: ReadonlyMap<string, Node>;
  readonly letters: readonly string[];
}

/** Where a node may end when it begins at a position. */
function endsOf(node: Node, text: Text, at: number): Set<number> {
  if (node.kind === "text") {
    const fits = node.text.every((letter, i) => text.letters[at + i] === letter);
    return new Set(fits ? [at + node.text.length] : []);
  }
  if (node.kind === "set") return endsOfSet(node, text.letters[at]?.codePointAt(0), at);
  if (node.kind === "repeat") return endsOfRepeat(node, text, at);
  if (node.kind === "choice")
    return new Set(node.items.flatMap((item) => [...endsOf(item, text, at)]));
  if (node.kind === "sequence")
    return node.items.reduce((from, item) => onward(from, item, text), new Set([at]));
  const rule = text.rules.get(node.name);
  if (!rule) throw new Error(`no rule ${node.name}`);
  return endsOf(rule, text, at);
}

function onward(from: Set<number>, item: Node, text: Text): Set<number> {
  return new Set([...from].flatMap((one) => [...endsOf(item, text, one)]));
}

function endsOfSet(
  { ranges, negated }: Extract<Node, { kind: "set" }>,
  code: number | undefined,
  at: number,
): Set<number> {
  if (code === undefined) return new Set();
  const inside = ranges.some(([low, high]) => code >= low && code <= high);
  return new Set(inside === negated ? [] : [at + 1]);
}

function endsOfRepeat(
  { item, from, to }: Extract<Node, { kind: "repeat" }>,
  text: Text,
  at: number,
): Set<number> {
  const all = new Set<number>(from === 0 ? [at] : []);
  let ends = new Set([at]);
  for (let count = 1; count <= to && ends.size > 0; count++) {
    ends = onward(ends, item, text);
    if (count < from) continue;
    const before = all.size;
    for (const one of ends) all.add(one);
    if (all.size === before) break;
  }
  return all;
}

function parseBody(body: string): Node {
  const letters = Array.from(body);
  let at = 0;
  const space = (): void => {
    while (letters[at] === " ") at++;
  };
  const escaped = (): string => {
    const letter = letters[at++] ?? "";
    if (letter !== "\\") return letter;
    const code = letters[at++] ?? "";
    if (code === "x")
      return String.fromCharCode(Number.parseInt(letters.slice(at, (at += 2)).join(""), 16));
    return { n: "\n", r: "\r", t: "\t" }[code] ?? code;
  };
  const atom = (): Node => {
    const letter = letters[at++];
    if (letter === '"') {
      const text: string[] = [];
      while (letters[at] !== '"') text.push(escaped());
      at++;
      return { kind: "text", text };
    }
    if (letter === "[") {
      const negated = letters[at] === "^";
      if (negated) at++;
      const ranges: [number, number][] = [];
      while (letters[at] !== "]") {
        const low = escaped().codePointAt(0) ?? 0;
        const isRange = letters[at] === "-" && letters[at + 1] !== "]";
        if (isRange) at++;
        ranges.push([low, isRange ? (escaped().codePointAt(0) ?? 0) : low]);
      }
      at++;
      return { kind: "set", negated, ranges };
    }
    if (letter === "(") {
      const inner = choice();
      if (letters[at++] !== ")") throw new Error(`expected ) in ${body}`);
      return inner;
    }
    const name = /^[A-Za-z0-9-]+/.exec(letters.slice(at - 1).join(""))?.[0];
    if (name === undefined) throw new Error(`unexpected ${letter} in ${body}`);
    at += name.length - 1;
    return { kind: "rule", name };
  };
  const repeat = (item: Node): Node => {
    const sign = letters[at];
    if (sign === "*" || sign === "+" || sign === "?") {
      at++;
      return { kind: "repeat", item, from: sign === "+" ? 1 : 0, to: sign === "?" ? 1 : Infinity };
    }
    if (sign !== "{") return item;
    const found = /^\{(\d+)(,(\d*))?\}/.exec(letters.slice(at).join(""));
    if (!found) throw new Error(`bad repeat in ${body}`);
    at += found[0].length;
    const from = Number(found[1]);
    const to = found[2] === undefined ? from : found[3] === "" ? Infinity : Number(found[3]);
    return { kind: "repeat", item, from, to };
  };
  const choice = (): Node => {
    const choices: Node[] = [];
    for (;;) {
      const items: Node[] = [];
      for (space(); at < letters.length && letters[at] !== "|" && letters[at] !== ")"; space())
        items.push(repeat(atom()));
      choices.push({ kind: "sequence", items });
      if (letters[at] !== "|") break;
      at++;
    }
    return { kind: "choice", items: choices };
  };
  const whole = choice();
  if (at < letters.length) throw new Error(`left over in ${body}`);
  return whole;
}

const person = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" }, tags: { type: "array" } },
  required: ["age"],
};
const tree = {
  type: "object",
  properties: { value: { type: "integer" }, next: { anyOf: [{ $ref: "#" }, { type: "null" }] } },
  required: ["value", "next"],
};

/** Schema, texts that it allows, texts that it does not. */
const TABLE: [string, unknown, string[], string[]][] = [
  ["any value", {}, ["1", '"a"', "[1, [true]]", '{"a": null}'], ["", "nul", "{"]],
  ["a string", { type: "string" }, ['""', '"a\\n\\u00e9 é"'], ['"a', '"\n"', "a"]],
  [
    "a string's length",
    { type: "string", minLength: 2, maxLength: 3 },
    ['"ab"', '"abc"'],
    ['"a"', '"abcd"'],
  ],
  ["an integer", { type: "integer" }, ["0", "-12", "123"], ["01", "1.5", "-"]],
  ["a number", { type: "number" }, ["0", "-1.25", "3e10"], ["1.", ".5", "e3"]],
  ["a number from 0", { type: "number", minimum: 0 }, ["0", "1.5"], ["-1"]],
  ["a boolean", { type: "boolean" }, ["true", "false"], ["True"]],
  ["several types", { type: ["string", "null"] }, ['"a"', "null"], ["1"]],
  ["nullable", { type: "integer", nullable: true }, ["1", "null"], ['"a"']],
  ["an enum", { enum: ['a"b', 1, null, { x: 1 }] }, ['"a\\"b"', "1", "null", '{"x":1}'], ["2"]],
  ["a const", { const: "x" }, ['"x"'], ['"y"']],
  ["anyOf", { anyOf: [{ type: "integer" }, { const: "a" }] }, ["1", '"a"'], ['"b"']],
  ["oneOf", { oneOf: [{ type: "null" }, { type: "boolean" }] }, ["null", "true"], ["1"]],
  [
    "required and optional properties",
    person,
    ['{"age": 3}', '{"name": "x", "age": 3}', '{"age":3,"tags":[1]}', '{\n  "age": 3}'],
    ["{}", '{"name": "x"}', '{"age": 3, "more": 1}', '{"age": 3,}'],
  ],
  [
    "only optional properties",
    { properties: { a: { type: "integer" }, b: { type: "integer" } } },
    ["{}", '{"a":1}', '{"b":1}', '{"a":1,"b":2}'],
    ['{,"b":1}', '{"b":1,"a":2}'],
  ],
  [
    "additional properties of a type",
    {
      type: "object",
      properties: { ab: { type: "integer" } },
      additionalProperties: { type: "boolean" },
    },
    ['{"ab":1}', '{"a":true}', '{"ab":1,"abc":true,"x":false}', "{}"],
    ['{"ab":true}', '{"x":1}'],
  ],
  ["any object", { type: "object" }, ["{}", '{"a":{"b":[1]}}'], ["[]"]],
  ["no property", { type: "object", additionalProperties: false }, ["{}"], ['{"a":1}']],
  [
    "a list",
    { type: "array", items: { type: "integer" } },
    ["[]", "[1]", "[1, 2]"],
    ["[1,]", '["a"]'],
  ],
  [
    "a list's length",
    { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 2 },
    ["[1]", "[1,2]"],
    ["[]", "[1,2,3]"],
  ],
  ["an empty list", { type: "array", maxItems: 0 }, ["[]"], ["[1]"]],
  [
    "a tuple",
    { type: "array", prefixItems: [{ type: "integer" }, { type: "string" }], items: false },
    ['[1,"a"]'],
    ["[1]", '[1,"a",2]'],
  ],
  [
    "a $ref",
    {
      $defs: { id: { type: "integer" } },
      type: "object",
      properties: { a: { $ref: "#/$defs/id" }, b: { $ref: "#/$defs/id" } },
      required: ["a", "b"],
    },
    ['{"a":1,"b":2}'],
    ['{"a":"x","b":2}'],
  ],
  [
    "a schema that contains itself",
    tree,
    ['{"value":1,"next":{"value":2,"next":null}}'],
    ['{"value":1}'],
  ],
  [
    "allOf of objects",
    {
      allOf: [{ $ref: "#/$defs/a" }, { properties: { y: { type: "integer" } }, required: ["y"] }],
      $defs: { a: { type: "object", properties: { x: { type: "integer" } }, required: ["x"] } },
    },
    ['{"x":1,"y":2}'],
    ['{"x":1}'],
  ],
  [
    "a pattern",
    { type: "string", pattern: "^[A-Z]{2}-\\d+(a|b)?$" },
    ['"AB-1"', '"AB-12a"'],
    ['"A-1"', '"AB-"', '"AB-1c"'],
  ],
  ["a pattern without anchors", { type: "string", pattern: "ab" }, ['"ab"', '"xaby"'], ['"a"']],
  ["a pattern with a quote", { type: "string", pattern: '^"$' }, ['"\\""'], ['"x"']],
  ["a date", { type: "string", format: "date" }, ['"2026-11-23"'], ['"2026-13-01"', '"x"']],
  [
    "a date and time",
    { type: "string", format: "date-time" },
    ['"2026-11-23T10:00:00Z"'],
    ['"2026-11-23"'],
  ],
  ["an email", { type: "string", format: "email" }, ['"a.b@example.com"'], ['"a"']],
  [
    "a UUID",
    { type: "string", format: "uuid" },
    ['"01234567-89ab-cdef-0123-456789abcdef"'],
    ['"0"'],
  ],
  [
    "integers in a range",
    { type: "integer", minimum: 8, maximum: 123 },
    ["8", "9", "10", "99", "100", "119", "123"],
    ["7", "124", "0", "-8", "1230"],
  ],
  [
    "integers around zero",
    { type: "integer", minimum: -12, exclusiveMaximum: 3 },
    ["-12", "-1", "0", "2"],
    ["-13", "3"],
  ],
  ["negative integers", { type: "integer", maximum: -5 }, ["-5", "-50"], ["-4", "5"]],
];

describe("a schema's grammar", () => {
  it.each(TABLE)("says %s", (_, schema, allowed, forbidden) => {
    const grammar = jsonSchemaToGrammar(schema, "schema");

    for (const text of allowed) expect([text, matches(grammar, text)]).toEqual([text, true]);
    for (const text of forbidden) expect([text, matches(grammar, text)]).toEqual([text, false]);
  });

  it("covers every integer of a range and no other", () => {
    for (const [minimum, maximum] of [
      [0, 0],
      [0, 105],
      [17, 1203],
      [-30, 31],
      [95, 1000],
      [-120, -7],
    ]) {
      const grammar = jsonSchemaToGrammar({ type: "integer", minimum, maximum }, "schema");
      for (let value = -1300; value <= 1300; value++) {
        const inside = value >= (minimum ?? 0) && value <= (maximum ?? 0);
        expect([value, matches(grammar, String(value))]).toEqual([value, inside]);
      }
    }
  });

  it("lets JSON mode write objects only", () => {
    expect(matches(ANY_JSON_GRAMMAR, '{"a": [1, {"b": "c"}], "d": null}')).toBe(true);
    expect(matches(ANY_JSON_GRAMMAR, "[1]")).toBe(false);
  });
});

/** Schema and the place and word that the refusal must name. */
const REFUSED: [string, unknown, string][] = [
  [
    "a keyword that a grammar cannot keep",
    { properties: { a: { uniqueItems: true } } },
    's.properties.a.uniqueItems uses the keyword "uniqueItems"',
  ],
  ["a conditional", { if: {} }, 's.if uses the keyword "if"'],
  ["a format without a grammar", { format: "iri" }, 's.format is "iri"'],
  ["a look-ahead", { pattern: "(?=a)" }, "s.pattern cannot be turned into a grammar"],
  ["a pattern that breaks off", { pattern: "(a" }, "s.pattern cannot be turned"],
  [
    "a reference elsewhere",
    { $ref: "https://example.com/x" },
    "s.$ref must point into the same schema",
  ],
  [
    "a reference to nothing",
    { $ref: "#/$defs/x" },
    "s.$ref points at #/$defs/x, which does not exist",
  ],
  ["an unknown type", { type: "text" }, 's.type names the unknown type "text"'],
  ["an empty enum", { enum: [] }, "s.enum must be a list"],
  ["an empty range", { type: "integer", minimum: 3, maximum: 2 }, "s allows no whole number"],
  ["a bounded number", { type: "number", maximum: 2 }, "s.maximum is not supported"],
  ["too many repetitions", { type: "array", maxItems: 5000 }, "s.maxItems must be at most 1000"],
  ["something that is no schema", 7, "s must be a schema"],
  ["false", { properties: { a: false } }, "s.properties.a must be a schema"],
];

it.each(REFUSED)("refuses %s", (_, schema, words) => {
  expect(() => jsonSchemaToGrammar(schema, "s")).toThrow(words);
});
