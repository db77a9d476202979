import { WeirError } from "../../core/errors.ts";
import type { Pattern } from "../detectors/pattern.ts";
import { PatternError, parsePattern } from "../stream/pattern-syntax.ts";
import { createRuleSet } from "../stream/rule-set.ts";
import type { GuardRules } from "./policy-for.ts";
import { type Allowed, type CustomRule, type Policy, nameOf } from "./policy.ts";

/** What operators wrote themselves, as patterns of the guard's automaton. */

/** A rule of the operator's own. */
export function toPattern(rule: CustomRule): Pattern {
  return {
    name: nameOf(rule),
    category: rule.category,
    confidence: 1,
    shape: rule.pattern ?? toShape(rule.words ?? []),
    ignoreCase: rule.ignoreCase,
  };
}

function toShape(words: readonly string[]): string {
  return String.raw`\b(?:${words.map(literal).join("|")})\b`;
}

/** A text letter for letter, but for its white space. */
function literal(text: string): string {
  return text
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`))
    .join(String.raw`\s+`);
}

/** The shape of an allowed text; undefined where detectors are silenced altogether. */
export function shapeOf(allowed: Allowed): string | undefined {
  if (typeof allowed === "string") return literal(allowed);
  return allowed.text === undefined ? allowed.pattern : literal(allowed.text);
}

/** Throws invalid_config with every pattern that cannot be had, by its path in weir.yaml. */
export function checkPatterns(rules: GuardRules): void {
  const wrong = [
    ...wrongIn("guard", rules),
    ...Object.entries(rules.routes).flatMap(([name, over]) =>
      wrongIn(`guard.routes.${name}`, over),
    ),
    ...Object.entries(rules.tenants).flatMap(([name, over]) =>
      wrongIn(`guard.tenants.${name}`, over),
    ),
  ];
  if (wrong.length === 0) return;
  throw new WeirError(
    "invalid_config",
    `weir.yaml has ${wrong.length} pattern${wrong.length === 1 ? "" : "s"} that cannot be used:\n${wrong.join("\n")}`,
  );
}

type Patterns = { readonly [Part in "allow" | "rules"]?: Policy[Part] | undefined };

function wrongIn(path: string, { allow = [], rules = [] }: Patterns): string[] {
  const wrong = rules.flatMap((rule, at) =>
    wrongShape(toPattern(rule).shape, `${path}.rules.${at}`),
  );
  return [
    ...(wrong.length > 0 ? wrong : tooLarge(rules, `${path}.rules`)),
    ...allow.flatMap((one, at) => wrongShape(shapeOf(one), `${path}.allow.${at}`)),
  ];
}

/** Rules that are sound, each for itself, and yet cannot be had together. */
function tooLarge(rules: readonly CustomRule[], path: string): string[] {
  if (rules.length === 0) return [];
  try {
    createRuleSet(rules.map(toPattern));
    return [];
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return [`  ${path}: ${cause.message}: list thousands of words as topics`];
  }
}

function wrongShape(shape: string | undefined, path: string): string[] {
  if (shape === undefined) return [];
  try {
    parsePattern(shape);
    return [];
  } catch (cause) {
    if (!(cause instanceof PatternError)) throw cause;
    return [`  ${path}.pattern: ${cause.message}`];
  }
}
