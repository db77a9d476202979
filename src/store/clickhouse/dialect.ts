import type { FilterDialect } from "../run-filter.ts";
import { storable } from "../storable.ts";

/** A text in a statement: old releases take no values apart from it. */
export function quoted(text: string): string {
  return `'${storable(text).replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A list for IN, which must not be empty in SQL. */
export function listOf(texts: readonly string[]): string {
  return `(${texts.length === 0 ? "''" : texts.map(quoted).join(", ")})`;
}

function lookedUp(names: string, values: string, key: string): string {
  const name = quoted(key);
  return `if(has(${names}, ${name}), ${values}[indexOf(${names}, ${name})], NULL)`;
}

export const DIALECT: FilterDialect = {
  always: "1",
  never: "0",
  bind: (value) => (typeof value === "number" ? String(value) : quoted(String(value))),
  bindId: quoted,
  like: (column, pattern) =>
    `lowerUTF8(${column}) LIKE ${quoted(pattern.toLowerCase().replaceAll("\\", "\\\\"))}`,
  hasTag: (tag) => `has(tags, ${quoted(tag)})`,
  metadata: (key) => lookedUp("meta_keys", "meta_values", key),
  metadataNumber: (key) => lookedUp("number_keys", "number_values", key),
  search: (words, isOpen) =>
    words
      .map((word, index) => (isOpen && index === words.length - 1 ? ` ${word}` : ` ${word} `))
      .map((word) => `position(words, ${quoted(word)}) > 0`)
      .join(" AND "),
  feedback: (key, condition) =>
    `id IN (SELECT assumeNotNull(run) FROM feedback FINAL WHERE NOT is_gone AND run IS NOT NULL AND key = ${quoted(key)}${condition ? ` AND ${condition}` : ""})`,
  trace: (which, condition) =>
    `trace_id IN (SELECT trace_id FROM run FINAL WHERE NOT is_gone AND NOT is_hidden AND ${which === "root" ? "id = trace_id AND " : ""}(${condition}))`,
};
