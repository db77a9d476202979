import { isRecord, parseJson } from "../../api/json.ts";

export const EXAMPLE_SCHEMA = JSON.stringify(
  {
    type: "object",
    properties: {
      title: { type: "string" },
      points: { type: "array", items: { type: "string" } },
      confidence: { type: "number", minimum: 0, maximum: 1 },
    },
    required: ["title", "points", "confidence"],
    additionalProperties: false,
  },
  null,
  2,
);

/** Says what is wrong with a schema as typed; null when it can be sent. */
export function schemaProblem(typed: string): string | null {
  const schema = parseJson(typed);
  if (schema === undefined) return "This is not valid JSON.";
  return isRecord(schema) ? null : "A JSON Schema is an object.";
}

const MOST_PROBLEMS = 4;

/**
 * A light look at an answer: the keywords that models miss most. What it does not know it lets
 * pass, so an empty list means "nothing seen", not "proven".
 */
export function problemsIn(value: unknown, schema: unknown, place = "the answer"): string[] {
  if (!isRecord(schema)) return [];
  if (!typeFits(value, schema["type"])) return [`${place} is not ${namesOf(schema["type"])}`];
  return [
    ...wrongChoice(value, schema, place),
    ...(typeof value === "number" ? wrongNumber(value, schema, place) : []),
    ...(Array.isArray(value)
      ? value.flatMap((item, index) => problemsIn(item, schema["items"], `${place}[${index}]`))
      : []),
    ...(isRecord(value) ? wrongFields(value, schema, place) : []),
  ].slice(0, MOST_PROBLEMS);
}

type Schema = Readonly<Record<string, unknown>>;

function typeFits(value: unknown, type: unknown): boolean {
  if (Array.isArray(type)) return type.some((one) => typeFits(value, one));
  switch (type) {
    case "object":
      return isRecord(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    case "string":
    case "number":
    case "boolean":
      return typeof value === type;
    default:
      return true;
  }
}

function namesOf(type: unknown): string {
  const names = Array.isArray(type) ? type.map(String) : [String(type)];
  return names
    .map((name) => (name === "null" ? name : `${/^[aio]/.test(name) ? "an" : "a"} ${name}`))
    .join(" or ");
}

function wrongChoice(value: unknown, schema: Schema, place: string): string[] {
  const allowed = "const" in schema ? [schema["const"]] : schema["enum"];
  if (!Array.isArray(allowed)) return [];
  const text = JSON.stringify(value);
  if (allowed.some((one) => JSON.stringify(one) === text)) return [];
  return [`${place} is none of ${allowed.map((one) => JSON.stringify(one)).join(", ")}`];
}

function wrongNumber(value: number, { minimum, maximum }: Schema, place: string): string[] {
  if (typeof minimum === "number" && value < minimum) return [`${place} is below ${minimum}`];
  if (typeof maximum === "number" && value > maximum) return [`${place} is above ${maximum}`];
  return [];
}

function wrongFields(value: Record<string, unknown>, schema: Schema, place: string): string[] {
  const properties = isRecord(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  const absent = required.filter((name) => !Object.hasOwn(value, name));
  const strange =
    schema["additionalProperties"] === false
      ? Object.keys(value).filter((name) => !Object.hasOwn(properties, name))
      : [];
  return [
    ...absent.map((name) => `${place} lacks ${name}`),
    ...strange.map((name) => `${place} has ${name}, which the schema does not name`),
    ...Object.entries(properties).flatMap(([name, part]) =>
      Object.hasOwn(value, name) ? problemsIn(value[name], part, name) : [],
    ),
  ];
}
