import { jsonLiteral, literal, type GrammarRules } from "./grammar-rules.ts";

/** What an object's grammar needs of the translation around it. */
export interface ObjectNeeds {
  readonly rules: GrammarRules;
  /** A rule for a schema. */
  rule(schema: unknown, path: string): string;
}

export interface ObjectShape {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
  /** The schema of properties without a name here; false for none, true for anything. */
  readonly additional: unknown;
  readonly path: string;
}

const NEVER_PLAIN = '"\\\\\\x00-\\x1F\\x7F';

/**
 * An object's body: its properties in the schema's order, optional ones left out or not, then any
 * others. Two chains of rules are built from the end: one for "something stands before me", where
 * every pair begins with a comma, and one for "I may be the first".
 */
export function objectRule(needs: ObjectNeeds, shape: ObjectShape): string {
  const { rules } = needs;
  const ws = rules.json("ws");
  const comma = `"," ${ws}`;
  const required = new Set(shape.required);
  const properties = { ...shape.properties };
  for (const name of required) properties[name] ??= true;
  const extra = shape.additional === false ? undefined : extraPair(needs, shape, properties);
  let after = extra ? `( ${comma} ${extra} )*` : "";
  let first = extra ? `( ${extra} ${after} )?` : "";
  for (const [name, schema] of Object.entries(properties).toReversed()) {
    const value = needs.rule(schema, `${shape.path}.properties.${name}`);
    const pair = rules.add(`${name}-pair`, `${jsonLiteral(name)} ":" ${ws} ${value}`);
    const isRequired = required.has(name);
    const rest = after === "" ? "" : rules.add(`after-${name}`, after);
    first = isRequired ? `${pair} ${rest}` : `( ${pair} ${rest} | ${orEmpty(first)} )`;
    after = isRequired ? `${comma} ${pair} ${rest}` : `( ${comma} ${pair} )? ${rest}`;
  }
  return first === "" ? `"{" ${ws} "}"` : `"{" ${ws} ${first} ${ws} "}"`;
}

function orEmpty(body: string): string {
  return body === "" ? '""' : body;
}

function extraPair(
  needs: ObjectNeeds,
  { additional, path }: ObjectShape,
  properties: Readonly<Record<string, unknown>>,
): string {
  const { rules } = needs;
  const value =
    additional === true ? rules.value() : needs.rule(additional, `${path}.additionalProperties`);
  const key = rules.add("other-key", `"\\"" ${notOneOf(Object.keys(properties))} "\\""`);
  return rules.add("other-pair", `${key} ":" ${rules.json("ws")} ${value}`);
}

/** Any text without escapes but for these: letter by letter along the names, leaving them somewhere. */
function notOneOf(names: readonly string[]): string {
  const plain = `[^${NEVER_PLAIN}]`;
  const writable = names.filter((name) => JSON.stringify(name) === `"${name}"`);
  if (writable.length === 0) return `${plain}*`;
  const byLetter = Map.groupBy(
    writable.filter((name) => name !== "").map((name) => Array.from(name)),
    ([letter = ""]) => letter,
  );
  const choices = Array.from(byLetter, ([letter, group]) => {
    const rest = group.map((letters) => letters.slice(1).join(""));
    return `${literal(letter)} ${notOneOf(rest)}`;
  });
  const letters = Array.from(byLetter.keys(), inClass).join("");
  choices.push(`[^${letters}${NEVER_PLAIN}] ${plain}*`);
  const mayEnd = !writable.includes("");
  return `( ${choices.join(" | ")} )${mayEnd ? "?" : ""}`;
}

function inClass(letter: string): string {
  if (letter === "^") return "\\x5E";
  return /[[\]-]/.test(letter) ? `\\${letter}` : letter;
}
