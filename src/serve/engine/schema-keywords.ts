/** Which words of JSON Schema the translation to a grammar knows. */

/** They say nothing about what is valid. */
const NOTES = [
  "title",
  "description",
  "default",
  "examples",
  "$schema",
  "$id",
  "$anchor",
  "$comment",
  "$defs",
  "definitions",
  "deprecated",
  "readOnly",
  "writeOnly",
  "contentMediaType",
  "contentEncoding",
  "strict",
];

const ANYWHERE = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "nullable"];

const BY_TYPE: Readonly<Record<string, readonly string[]>> = {
  object: ["properties", "required", "additionalProperties"],
  array: ["items", "prefixItems", "minItems", "maxItems"],
  string: ["minLength", "maxLength", "pattern", "format"],
  integer: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  number: ["minimum", "exclusiveMinimum"],
};

const known: ReadonlySet<string> = new Set([
  ...NOTES,
  ...ANYWHERE,
  ...Object.values(BY_TYPE).flat(),
]);
const notes: ReadonlySet<string> = new Set(NOTES);

/** The first word that cannot be honoured, so that no constraint is dropped in silence. */
export function unknownKeyword(schema: Record<string, unknown>): string | undefined {
  return Object.keys(schema).find((key) => !known.has(key) && schema[key] !== false);
}

/** The words of a schema that constrain something. */
export function constraintsOf(schema: Record<string, unknown>): string[] {
  return Object.keys(schema).filter((key) => !notes.has(key));
}

/** A type that the words belong to, for schemas that leave `type` out. */
export function impliedType(schema: Record<string, unknown>): string | undefined {
  const types = Object.entries(BY_TYPE);
  return types.find(([, words]) => words.some((word) => word in schema))?.[0];
}
