/**
 * The part of JSON Schema that arguments of tools, and answers, are held to: types, enums, bounds,
 * properties and items. `unknownWords` names any other word; `faultIn` passes them over.
 */
const WORDS = new Set([
  "type",
  "enum",
  "const",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "description",
  "title",
]);

type Schema = Readonly<Record<string, unknown>>;

/** What a schema says that is not understood here, by its path; empty where all is. */
export function unknownWords(schema: unknown, path: string): string[] {
  if (typeof schema === "boolean") return [];
  if (!isObject(schema)) return [`${path}: expected a JSON Schema`];
  const own = Object.keys(schema).flatMap((word) =>
    WORDS.has(word) ? [] : [`${path}.${word}: this word of JSON Schema is not known here`],
  );
  const { properties = {}, items, additionalProperties } = schema;
  const inner = isObject(properties)
    ? Object.entries(properties).flatMap(([name, one]) =>
        unknownWords(one, `${path}.properties.${name}`),
      )
    : [`${path}.properties: expected an object`];
  return [
    ...own,
    ...inner,
    ...(items === undefined ? [] : unknownWords(items, `${path}.items`)),
    ...(additionalProperties === undefined
      ? []
      : unknownWords(additionalProperties, `${path}.additionalProperties`)),
  ];
}

/** The first place at which a value is not as its schema says, without the value; undefined: it is. */
export function faultIn(value: unknown, schema: unknown, path = "arguments"): string | undefined {
  if (schema === true || schema === undefined) return undefined;
  if (!isObject(schema)) return `${path} must not be there`;
  return (
    faultOfKind(value, schema, path) ??
    faultOfBounds(value, schema, path) ??
    (Array.isArray(value) ? faultOfItems(value, schema, path) : undefined) ??
    (isObject(value) ? faultOfProperties(value, schema, path) : undefined)
  );
}

function faultOfKind(value: unknown, { type, ...schema }: Schema, path: string) {
  const types = (type === undefined ? [] : [type].flat()).map(String);
  if (types.length > 0 && !types.some((one) => isOfType(value, one))) {
    return `${path} must be of the type ${types.join(" or ")}`;
  }
  const allowed = "const" in schema ? [schema["const"]] : schema["enum"];
  if (!Array.isArray(allowed)) return undefined;
  const text = JSON.stringify(value);
  const isThere = allowed.some((one) => JSON.stringify(one) === text);
  return isThere ? undefined : `${path} is none of the values that are allowed`;
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

/** Each bound, what it is held against, and which way. */
const BOUNDS = [
  ["minimum", "number", 1],
  ["maximum", "number", -1],
  ["minLength", "string", 1],
  ["maxLength", "string", -1],
  ["minItems", "array", 1],
  ["maxItems", "array", -1],
] as const;

function faultOfBounds(value: unknown, schema: Schema, path: string): string | undefined {
  for (const [word, kind, sign] of BOUNDS) {
    const bound = schema[word];
    const size = sizeOf(value, kind);
    if (typeof bound !== "number" || size === undefined) continue;
    if ((size - bound) * sign < 0) return `${path}: ${word} is ${bound}`;
  }
  return undefined;
}

function sizeOf(value: unknown, kind: "number" | "string" | "array"): number | undefined {
  if (kind === "number") return typeof value === "number" ? value : undefined;
  if (kind === "string") return typeof value === "string" ? value.length : undefined;
  return Array.isArray(value) ? value.length : undefined;
}

function faultOfItems(list: readonly unknown[], { items }: Schema, path: string) {
  for (const [at, item] of list.entries()) {
    const fault = faultIn(item, items, `${path}[${at}]`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfProperties(value: Schema, schema: Schema, path: string): string | undefined {
  const { required, properties, additionalProperties } = schema;
  const missing = Array.isArray(required)
    ? required.find((name) => !Object.hasOwn(value, String(name)))
    : undefined;
  if (missing !== undefined) return `${path}.${String(missing)} is missing`;
  const known = isObject(properties) ? properties : {};
  for (const [name, item] of Object.entries(value)) {
    const inner = Object.hasOwn(known, name) ? known[name] : additionalProperties;
    const fault = faultIn(item, inner, `${path}.${name}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
