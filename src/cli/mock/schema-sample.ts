import { type Json, numberOf, objectOf, stringOf } from "./call.ts";

const MAX_DEPTH = 6;
const FORMATS: Readonly<Record<string, string>> = {
  date: "2026-01-31",
  time: "12:30:00Z",
  "date-time": "2026-01-31T12:30:00Z",
  email: "zoe@example.com",
  uri: "https://example.com/a?b=c",
  uuid: "123e4567-e89b-42d3-a456-426614174000",
  ipv4: "192.0.2.1",
  hostname: "example.com",
  duration: "P1D",
};

/** An instance of a JSON Schema, always the same one; every second text needs escaping in JSON. */
export function sampleOf(schema: unknown): unknown {
  const root = objectOf(schema);
  let texts = 0;

  function sample(part: unknown, depth: number): unknown {
    if (part === true || depth > MAX_DEPTH) return null;
    const here = resolved(objectOf(part));
    if ("const" in here) return here["const"];
    if (Array.isArray(here["enum"])) return (here["enum"] as unknown[])[0];
    const type = typeOf(here);
    if (type === "object") return object(here, depth);
    if (type === "array") return array(here, depth);
    if (type === "string") return string(here);
    if (type === "integer" || type === "number") return number(here, type === "integer");
    return type === "boolean" ? true : null;
  }

  function resolved(part: Json): Json {
    const reference = stringOf(part["$ref"]);
    if (reference?.startsWith("#")) {
      const target = reference
        .split("/")
        .slice(1)
        .reduce<unknown>((at, name) => objectOf(at)[name], root);
      return resolved(objectOf(target));
    }
    const choices = part["anyOf"] ?? part["oneOf"];
    if (Array.isArray(choices)) return resolved(objectOf(choices.find((one) => !isNull(one))));
    if (!Array.isArray(part["allOf"])) return part;
    const parts = [part, ...(part["allOf"] as unknown[]).map((one) => resolved(objectOf(one)))];
    const properties = Object.assign({}, ...parts.map((one) => one["properties"]));
    return { ...Object.assign({}, ...parts.toReversed()), properties, allOf: undefined };
  }

  function object(here: Json, depth: number): Json {
    const required = Array.isArray(here["required"]) ? (here["required"] as string[]) : [];
    // An optional field deep down may be the recursion itself: only the required ones are kept there.
    const fields = Object.entries(objectOf(here["properties"])).filter(
      ([name]) => depth < 3 || required.includes(name),
    );
    return Object.fromEntries(fields.map(([name, part]) => [name, sample(part, depth + 1)]));
  }

  function array(here: Json, depth: number): unknown[] {
    const length = Math.max(numberOf(here["minItems"]) ?? 0, depth > 3 ? 0 : 1);
    const fixed = Array.isArray(here["prefixItems"]) ? (here["prefixItems"] as unknown[]) : [];
    return Array.from({ length: Math.max(length, fixed.length) }, (_, index) =>
      sample(fixed[index] ?? here["items"] ?? { type: "string" }, depth + 1),
    );
  }

  function string(here: Json): string {
    const format = FORMATS[stringOf(here["format"]) ?? ""];
    if (format !== undefined) return format;
    texts += 1;
    const text = texts % 2 === 1 ? 'Zürich "HB" ☕' : `plain ${texts}`;
    const least = text.padEnd(numberOf(here["minLength"]) ?? 0, "x");
    return least.slice(0, numberOf(here["maxLength"]) ?? least.length);
  }

  return sample(root, 0);
}

function number(here: Json, isInteger: boolean): number {
  const step = numberOf(here["multipleOf"]) ?? (isInteger ? 1 : 0.5);
  const above = numberOf(here["exclusiveMinimum"]);
  const least = numberOf(here["minimum"]) ?? (above === undefined ? undefined : above + step);
  const below = numberOf(here["exclusiveMaximum"]);
  const most = numberOf(here["maximum"]) ?? (below === undefined ? undefined : below - step);
  const wanted = isInteger ? 7 : 7.5;
  return Math.min(Math.max(wanted, least ?? wanted), most ?? Math.max(wanted, least ?? wanted));
}

/** The type's name as JSON Schema has it; Gemini writes `OBJECT`, some leave it out. */
function typeOf(here: Json): string {
  const { type } = here;
  const name: unknown = Array.isArray(type) ? type.find((one) => one !== "null") : type;
  if (typeof name === "string") return name.toLowerCase();
  return "properties" in here ? "object" : "string";
}

function isNull(schema: unknown): boolean {
  return objectOf(schema)["type"] === "null";
}
