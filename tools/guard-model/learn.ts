import { ATTACK_WINDOWS, attackTargets } from "../../src/guard/classifier/attack-heads.ts";
import type { FitOptions, FitRow } from "../../src/guard/classifier/fit.ts";
import { toPlain } from "../../src/guard/normalize/plain.ts";
import { FRAGMENT, makeRows } from "./grammar.ts";
import { createRandom } from "./random.ts";
import type { Row } from "./read-rows.ts";

export const SEED = 7;
export const FIT: FitOptions = {
  buckets: 98_304,
  epochs: 6,
  rate: 0.03,
  seed: 1,
  windows: ATTACK_WINDOWS,
  averageFrom: 2,
};

/** Longer texts say no more, and take long to learn. */
const READ = 1200;
/** Requests for harm in plain words are no attacks: they teach what not to look for, quietly. */
const HARMFUL_WEIGHT = 0.3;
/** A source with few rows weighs as it is, one with many less a row. */
const FULL_WEIGHT = 200;
const LEAST_WEIGHT = 0.4;
/** Nearly all rows in Devanagari are attacks: at full weight the script itself would look like one. */
const LOPSIDED = /\p{Script=Devanagari}/u;
const LOPSIDED_WEIGHT = 0.2;

/**
 * That collection holds role prompts of all kinds, labelled jailbreaks one and all; only those with
 * a word about rules and how to break them are learned from. All are measured with.
 */
const MIXED_GROUP = "verazuo";
const SPEAKS_OF_RULES =
  /restrict|ethic|illegal|jailbreak|\bdan\b|filter|guideline|moral|censor|polic|refus|anything now|ignore|as an ai|openai|disclaimer|limit|rules|evil|break character|developer mode/i;

/** Rows for the heads of `ATTACK_HEADS`: those given, and our own made to go with them. */
export function toFitRows(training: readonly Row[]): FitRow[] {
  const clear = training.filter(
    ({ group, label, text }) =>
      group !== MIXED_GROUP || label !== "jailbreak" || SPEAKS_OF_RULES.test(text),
  );
  const rows = [...clear, ...makeRows(clear, createRandom(SEED))];
  const counts = Map.groupBy(rows, kindOf);
  return rows.map((row) => ({
    text: toPlain(row.text.slice(0, READ)).lines,
    targets: targetsOf(row),
    weight: weightOf(row, counts.get(kindOf(row))?.length ?? 1),
  }));
}

function kindOf({ source, label, family }: Row): string {
  if (family === FRAGMENT) return family;
  return label === "benign" ? source : `${source} ${label} ${family.split(/[/:]/, 1)[0]}`;
}

/**
 * A request for harm in plain words is no attack; only those in many languages teach about documents. The few
 * words that a user types, most of them orders, do not.
 */
function targetsOf({ label, source, family }: Row): FitRow["targets"] {
  const [user, document, jailbreak] = attackTargets(label === "harmful" ? "benign" : label);
  const isForDocuments =
    family !== FRAGMENT && (label !== "harmful" || source.includes("MultiJail"));
  return [user, isForDocuments ? document : undefined, jailbreak];
}

function weightOf({ label, text, source }: Row, alike: number): number {
  const byCount = Math.max(LEAST_WEIGHT, Math.min(1, Math.sqrt(FULL_WEIGHT / alike)));
  if (label === "benign") return byCount;
  if (label === "harmful") return source.includes("MultiJail") ? byCount : byCount * HARMFUL_WEIGHT;
  return LOPSIDED.test(text) ? byCount * LOPSIDED_WEIGHT : byCount;
}
