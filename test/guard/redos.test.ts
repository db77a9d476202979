import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { Visitor, parseSync } from "oxc-parser";
import { checkSync } from "recheck";
import { describe, expect, it } from "vitest";
import { HARM_RULES } from "../../src/guard/detectors/harm-rules.ts";
import { PHRASES } from "../../src/guard/detectors/phrase-table.ts";

/**
 * No shipped expression takes more than linear time, whatever the text: every literal of the guard's
 * source, and every expression that it puts together, judged by recheck. The patterns that look for
 * secrets are no expressions of the engine's: they run on an automaton that cannot go back.
 */

const GUARD = join(import.meta.dirname, "..", "..", "src", "guard");
/** To find an attack on one expression; most take a few milliseconds. */
const MOST_MS = 20_000;

interface Shipped {
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

function literalsOf(file: string): Shipped[] {
  const found: Shipped[] = [];
  const { program } = parseSync(file, readFileSync(file, "utf8"));
  new Visitor({
    Literal(node) {
      if (!("regex" in node)) return;
      const { pattern, flags } = node.regex;
      found.push({ where: relative(GUARD, file), source: pattern, flags });
    },
  }).visit(program);
  return found;
}

const literals = readdirSync(GUARD, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
  .flatMap((name) => literalsOf(join(GUARD, name)));
const phrases = [
  ...PHRASES,
  ...HARM_RULES.flatMap(({ category, parts }) =>
    parts.map((pattern) => ({ name: category, pattern })),
  ),
].map(({ name, pattern }) => ({ where: name, source: pattern.source, flags: pattern.flags }));

describe("every shipped expression", () => {
  it("is found", () => {
    expect(literals.length).toBeGreaterThan(20);
    expect(phrases.length).toBeGreaterThan(5);
  });

  it.each([...literals, ...phrases])("is linear: $where /$source/$flags", ({ source, flags }) => {
    const { status, ...verdict } = checkSync(source, flags, { timeout: MOST_MS });
    expect({ status, verdict }).toMatchObject({ status: "safe" });
  });
});
