import { WeirError } from "../../core/errors.ts";
import { includesAll } from "./datasets.ts";
import type { Example } from "./example.ts";

/**
 * The filter language of examples: `and(…)`, `or(…)`, `not(…)`, `exists(metadata, "key")` and
 * `has(metadata, '{"key": "value"}')`.
 */
export type ExampleFilter = (example: Example) => boolean;

const TOKEN = /\s*(?:([A-Za-z_]+)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([(),]))\s*/y;
const MAX_DEPTH = 50;

/** Throws invalid_request, naming the place, for what cannot be understood. */
export function parseExampleFilter(text: string): ExampleFilter {
  const tokens = tokensOf(text);
  let at = 0;

  const fault = (what: string) =>
    new WeirError(
      "invalid_request",
      `filter: ${what} at word ${at + 1}. It takes and(…), or(…), not(…), exists(metadata, "key") and has(metadata, '{"key": "value"}').`,
      { param: "filter" },
    );
  function take(wanted?: string): string {
    const token = tokens[at];
    if (token === undefined) throw fault("ends too early");
    if (wanted !== undefined && token !== wanted) throw fault(`has no "${wanted}"`);
    at += 1;
    return token;
  }

  function condition(depth: number): ExampleFilter {
    if (depth > MAX_DEPTH) throw fault("is nested too deeply");
    const name = take();
    take("(");
    if (name === "and" || name === "or") return several(name, depth);
    if (name === "not") {
      const inner = condition(depth + 1);
      take(")");
      return (example) => !inner(example);
    }
    if (name !== "exists" && name !== "has") throw fault(`does not know "${name.slice(0, 40)}"`);
    take("metadata");
    take(",");
    const value = textOf(take(), fault);
    take(")");
    return name === "exists" ? (example) => value in example.value.metadata : has(value, fault);
  }

  function several(name: "and" | "or", depth: number): ExampleFilter {
    const of = [condition(depth + 1)];
    while (tokens[at] === ",") {
      take(",");
      of.push(condition(depth + 1));
    }
    take(")");
    return name === "and"
      ? (example) => of.every((one) => one(example))
      : (example) => of.some((one) => one(example));
  }

  const filter = condition(0);
  if (at < tokens.length) throw fault("goes on after its end");
  return filter;
}

function has(value: string, fault: (what: string) => WeirError): ExampleFilter {
  let wanted: unknown;
  try {
    wanted = JSON.parse(value);
  } catch {
    throw fault("has metadata that is no JSON");
  }
  return ({ value: { metadata } }) => includesAll(metadata, wanted);
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let end = 0; end < text.length; end = TOKEN.lastIndex) {
    const found = TOKEN.exec(text);
    if (!found) {
      throw new WeirError(
        "invalid_request",
        `filter: cannot be read from character ${end + 1} on.`,
        { param: "filter" },
      );
    }
    tokens.push(found[1] ?? found[2] ?? found[3] ?? "");
  }
  return tokens;
}

function textOf(token: string, fault: (what: string) => WeirError): string {
  if (!/^["']/.test(token)) throw fault("has no text in quotes");
  return token.slice(1, -1).replaceAll(/\\(["'\\])/g, "$1");
}
