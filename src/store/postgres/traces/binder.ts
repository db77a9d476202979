import type { FilterDialect } from "../../run-filter.ts";
import { storable } from "../../storable.ts";

/** Values of a statement, and the placeholders that stand for them. */
export class Binder {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    this.values.push(typeof value === "string" ? storable(value) : value);
    return `$${this.values.length}`;
  }

  readonly dialect: FilterDialect = {
    always: "true",
    never: "false",
    bind: (value) => this.add(value),
    bindId: (id) => `${this.add(id)}::uuid`,
    like: (column, pattern) => `${column} ILIKE ${this.add(pattern)} ESCAPE ''`,
    hasTag: (tag) => `tags @> ARRAY[${this.add(tag)}::text]`,
    metadata: (key) => `(metadata::json->>${this.add(key)})`,
    // A text that is no number is none: the comparison then does not hold.
    metadataNumber: (key) =>
      `(CASE WHEN json_typeof(metadata::json->${this.add(key)}) = 'number' THEN (metadata::json->>${this.add(key)})::float8 END)`,
    search: (words, isOpen) => {
      const open = isOpen ? words.length - 1 : -1;
      const terms = words.map((word, index) => (index === open ? `'${word}':*` : `'${word}'`));
      return `words @@ ${this.add(terms.join(" & "))}::tsquery`;
    },
    feedback: (key, condition) =>
      `EXISTS (SELECT 1 FROM weir.feedback WHERE feedback.run = run.id AND feedback.key = ${this.add(key)}${condition ? ` AND ${condition}` : ""})`,
    trace: (which, condition) =>
      `trace_id IN (SELECT trace_id FROM weir.run WHERE NOT is_hidden AND ${which === "root" ? "id = trace_id AND " : ""}(${condition}))`,
  };
}
