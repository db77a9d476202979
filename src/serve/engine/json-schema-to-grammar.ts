import { messageOf, WeirError } from "../../core/errors.ts";
import { GrammarRules, jsonLiteral, repeated } from "./grammar-rules.ts";
import { integerRange } from "./integer-range.ts";
import { objectRule, type ObjectNeeds } from "./object-grammar.ts";
import { patternToGrammar } from "./pattern-to-grammar.ts";
import { constraintsOf, impliedType, unknownKeyword } from "./schema-keywords.ts";
import { STRING_FORMATS } from "./string-formats.ts";

/** For `response_format: json_object`: any object. */
export const ANY_JSON_GRAMMAR = anyJson();

/** More repetitions than this are refused by llama.cpp. */
const MOST_REPEATS = 1000;

/**
 * The GBNF grammar of all JSON texts that a schema allows, so that a model can write nothing else.
 * Properties come in the schema's order; `oneOf` means `anyOf`; a missing `additionalProperties` means
 * none when `properties` are given. Throws WeirError `invalid_request` that names the keyword and
 * where it stands when the schema asks for something that a grammar cannot promise.
 */
export function jsonSchemaToGrammar(schema: unknown, path: string): string {
  const translation = new Translation(schema, path);
  return translation.toText();
}

type Schema = Record<string, unknown>;

/** One translation under way: the rules so far, and which `$ref` has which. */
class Translation implements ObjectNeeds {
  readonly rules = new GrammarRules();
  readonly #root: unknown;
  readonly #path: string;
  readonly #references = new Map<string, string>();

  constructor(root: unknown, path: string) {
    this.#root = root;
    this.#path = path;
  }

  toText(): string {
    // A schema may point at itself as a whole.
    const name = this.rules.reserve("document");
    this.#references.set("#", name);
    this.rules.define(name, this.#body(this.#root, this.#path));
    return this.rules.toText(name);
  }

  /** The right side of a rule for a schema. */
  #body(schema: unknown, path: string): string {
    if (schema === true) return this.rules.value();
    if (typeof schema !== "object" || schema === null || Array.isArray(schema))
      throw wrong(path, "must be a schema: an object or true");
    const checked = schema as Schema; // an object and no array
    const unknown = unknownKeyword(checked);
    if (unknown !== undefined)
      throw wrong(`${path}.${unknown}`, `uses the keyword "${unknown}", which is not supported`);
    const body = this.#choose(checked, path);
    return checked["nullable"] === true ? `${body} | ${this.rules.json("null")}` : body;
  }

  /** A rule of its own for a schema, to be used more than once or inside a sequence. */
  rule(schema: unknown, path: string): string {
    return this.rules.add(path.split(".").at(-1) ?? "rule", this.#body(schema, path));
  }

  #choose(schema: Schema, path: string): string {
    if ("$ref" in schema) return this.#reference(schema, path);
    if ("const" in schema) return jsonLiteral(schema["const"]);
    if ("enum" in schema) return this.#enumeration(schema["enum"], `${path}.enum`);
    for (const key of ["anyOf", "oneOf"])
      if (key in schema) return this.#alternatives(schema, key, path);
    if ("allOf" in schema) return this.#body(this.#merged(schema, path), path);
    const type = schema["type"] ?? impliedType(schema);
    if (!Array.isArray(type)) return this.#typed(type, schema, path);
    if (type.length === 0) throw wrong(`${path}.type`, "names no type");
    return type.map((one) => this.#typed(one, schema, path)).join(" | ");
  }

  #typed(type: unknown, schema: Schema, path: string): string {
    if (type === undefined) return this.rules.value();
    if (type === "object") return this.#object(schema, path);
    if (type === "array") return this.#array(schema, path);
    if (type === "string") return this.#string(schema, path);
    if (type === "integer") return this.#integer(schema, path);
    if (type === "number") return this.#number(schema, path);
    if (type === "boolean" || type === "null") return this.rules.json(type);
    throw wrong(`${path}.type`, `names the unknown type ${JSON.stringify(type)}`);
  }

  #enumeration(values: unknown, path: string): string {
    if (!Array.isArray(values) || values.length === 0)
      throw wrong(path, "must be a list with at least one value");
    return values.map(jsonLiteral).join(" | ");
  }

  #alternatives(schema: Schema, key: string, path: string): string {
    const choices = schema[key];
    if (!Array.isArray(choices) || choices.length === 0)
      throw wrong(`${path}.${key}`, "must be a list with at least one schema");
    const beside = constraintsOf(schema).find((word) => ![key, "type", "nullable"].includes(word));
    if (beside !== undefined)
      throw wrong(`${path}.${beside}`, `stands beside ${key}, which is not supported`);
    return choices
      .map((choice, index) => this.#body(choice, `${path}.${key}[${index}]`))
      .join(" | ");
  }

  #reference(schema: Schema, path: string): string {
    const target = schema["$ref"];
    const beside = constraintsOf(schema).find((key) => key !== "$ref" && key !== "nullable");
    if (beside !== undefined)
      throw wrong(`${path}.${beside}`, "stands beside $ref, which is not supported");
    if (typeof target !== "string" || !target.startsWith("#"))
      throw wrong(`${path}.$ref`, "must point into the same schema, as #/$defs/name");
    const known = this.#references.get(target);
    if (known !== undefined) return known;
    const name = this.rules.reserve(target);
    this.#references.set(target, name);
    this.rules.define(name, this.#body(this.#resolve(target, path), target));
    return name;
  }

  #resolve(target: string, path: string): unknown {
    let found: unknown = this.#root;
    for (const step of target.split("/").slice(1)) {
      const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
      if (typeof found !== "object" || found === null || !Object.hasOwn(found, key))
        throw wrong(`${path}.$ref`, `points at ${target}, which does not exist`);
      found = (found as Schema)[key]; // an object with this key
    }
    return found;
  }

  /** `allOf` of objects is one object with the properties of all. */
  #merged(schema: Schema, path: string): Schema {
    const { allOf, ...own } = schema;
    if (!Array.isArray(allOf)) throw wrong(`${path}.allOf`, "must be a list of schemas");
    const parts = [own, ...allOf.map((part: unknown) => this.#plain(part, path))];
    if (constraintsOf(own).length === 0 && parts.length === 2) return parts[1] ?? own;
    const merged: Schema = { type: "object" };
    const required: unknown[] = [];
    for (const part of parts) {
      const other = constraintsOf(part).find((word) => !MERGED.has(word));
      if (other !== undefined || ("type" in part && part["type"] !== "object"))
        throw wrong(`${path}.allOf`, "can only join objects with properties");
      merged["properties"] = { ...asObject(merged["properties"]), ...asObject(part["properties"]) };
      if ("additionalProperties" in part)
        merged["additionalProperties"] = part["additionalProperties"];
      if (Array.isArray(part["required"])) required.push(...(part["required"] as unknown[]));
    }
    return { ...merged, required };
  }

  #plain(part: unknown, path: string): Schema {
    const schema = asObject(part);
    const target = schema["$ref"];
    return typeof target === "string" ? asObject(this.#resolve(target, path)) : schema;
  }

  #object(schema: Schema, path: string): string {
    const { properties, required, additionalProperties } = schema;
    return objectRule(this, {
      properties: asObject(properties),
      required: Array.isArray(required) ? required.map(String) : [],
      additional: additionalProperties ?? properties === undefined,
      path,
    });
  }

  #array(schema: Schema, path: string): string {
    const { items, prefixItems } = schema;
    const first = Array.isArray(prefixItems) ? prefixItems : [];
    const least = this.#count(schema, "minItems", path) ?? 0;
    const most = this.#count(schema, "maxItems", path);
    const ws = this.rules.json("ws");
    const comma = `"," ${ws}`;
    const fixed = first.map((item, at) => this.rule(item, `${path}.prefixItems[${at}]`));
    if (fixed.length > 0) {
      // A tuple is written in full; JSON Schema would allow to break it off.
      const more =
        items === undefined || items === false
          ? ""
          : repeated(
              `( ${comma} ${this.rule(items, `${path}.items`)} )`,
              Math.max(0, least - fixed.length),
              most === undefined ? undefined : Math.max(0, most - fixed.length),
            );
      return `"[" ${ws} ${fixed.join(` ${comma} `)} ${more} ${ws} "]"`;
    }
    if (most === 0) return '"[" "]"';
    const item = items === undefined ? this.rules.value() : this.rule(items, `${path}.items`);
    const tail = repeated(
      `( ${comma} ${item} )`,
      Math.max(0, least - 1),
      most === undefined ? undefined : most - 1,
    );
    const list = `${item} ${tail}`;
    return `"[" ${ws} ${least === 0 ? `( ${list} ${ws} )?` : `${list} ${ws}`} "]"`;
  }

  #string(schema: Schema, path: string): string {
    const { pattern, format } = schema;
    const least = this.#count(schema, "minLength", path) ?? 0;
    const most = this.#count(schema, "maxLength", path);
    const char = this.rules.json("char");
    const isShaped = pattern !== undefined || format !== undefined;
    if (isShaped && (least > 0 || most !== undefined))
      throw wrong(path, "has a length beside a pattern or format, which is not supported");
    if (typeof format === "string") {
      const body = STRING_FORMATS.get(format);
      if (body === undefined)
        throw wrong(`${path}.format`, `is "${format}", which is not supported`);
      return `"\\"" ${body} "\\""`;
    }
    if (typeof pattern === "string") return this.#pattern(pattern, `${path}.pattern`);
    if (least === 0 && most === undefined) return this.rules.json("string");
    return `"\\"" ${repeated(char, least, most)} "\\""`;
  }

  #pattern(pattern: string, path: string): string {
    try {
      const body = patternToGrammar(pattern, this.rules.json("char"));
      return `"\\"" ${body} "\\""`;
    } catch (cause) {
      throw wrong(path, `cannot be turned into a grammar: it has ${messageOf(cause)}`);
    }
  }

  #integer(schema: Schema, path: string): string {
    const bound = (key: string): number | undefined => this.#bound(schema, key, path);
    const above = bound("exclusiveMinimum");
    const below = bound("exclusiveMaximum");
    const [least, most] = [bound("minimum"), bound("maximum")];
    const from = highest(
      least && Math.ceil(least),
      above === undefined ? undefined : Math.floor(above) + 1,
    );
    const to = lowest(
      most && Math.floor(most),
      below === undefined ? undefined : Math.ceil(below) - 1,
    );
    if (from === undefined && to === undefined) return this.rules.json("integer");
    if (from !== undefined && to !== undefined && from > to)
      throw wrong(path, `allows no whole number: ${from} to ${to}`);
    return integerRange(from, to);
  }

  #number(schema: Schema, path: string): string {
    const least = this.#bound(schema, "minimum", path);
    const above = this.#bound(schema, "exclusiveMinimum", path);
    for (const key of ["maximum", "exclusiveMaximum"])
      if (key in schema)
        throw wrong(`${path}.${key}`, "is not supported for numbers, only for integers");
    if (least === undefined && above === undefined) return this.rules.json("number");
    if (least === 0 && above === undefined)
      return '( "0" | [1-9] [0-9]{0,15} ) ( "." [0-9]{1,15} )?';
    throw wrong(path, "bounds a number; only minimum: 0 is supported, or bounds of integers");
  }

  #bound(schema: Schema, key: string, path: string): number | undefined {
    const value = schema[key];
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isFinite(value))
      throw wrong(`${path}.${key}`, "must be a number");
    return value;
  }

  #count(schema: Schema, key: string, path: string): number | undefined {
    const value = schema[key];
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0)
      throw wrong(`${path}.${key}`, "must be a whole number, 0 or more");
    if (value > MOST_REPEATS) throw wrong(`${path}.${key}`, `must be at most ${MOST_REPEATS}`);
    return value;
  }
}

const MERGED: ReadonlySet<string> = new Set([
  "type",
  "properties",
  "required",
  "additionalProperties",
]);

function highest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

function lowest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}

function asObject(value: unknown): Schema {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Schema) : {}; // just checked
}

function wrong(path: string, what: string): WeirError {
  return new WeirError("invalid_request", `${path} ${what}.`, { param: path });
}

function anyJson(): string {
  const rules = new GrammarRules();
  return rules.toText(rules.object());
}
