import { type Calibration, calibrate } from "../../src/guard/classifier/calibration.ts";
import { classifierOf } from "../../src/guard/classifier/classifier.ts";
import { type FitOptions, type FitRow, fitHeads } from "../../src/guard/classifier/fit.ts";
import type { Model } from "../../src/guard/classifier/model-file.ts";
import { UNCALIBRATED, quantise } from "../../src/guard/classifier/quantise.ts";
import { HARM_RULES, type HarmCategory, findRule } from "../../src/guard/detectors/harm-rules.ts";
import { HARM_HEADS } from "../../src/guard/detectors/harmful.ts";
import { toPlain } from "../../src/guard/normalize/plain.ts";
import { SEED } from "./learn.ts";
import type { Row } from "./read-rows.ts";

type Head = (typeof HARM_HEADS)[number];

const FIT: FitOptions = { buckets: 49_152, epochs: 5, rate: 0.03, seed: 1 };
const READ = 800;

/** Families that a data set names by itself. What is missing here is in no category of OpenAI's. */
const FAMILIES: Readonly<Record<string, readonly Head[]>> = {
  "Illegal Activity": ["illicit"],
  Malware: ["illicit"],
  Fraud: ["illicit"],
  "Privacy Violence": ["illicit"],
  "Physical Harm": ["violence"],
  // Sixty rows in two sets: on the other set what was learned from one found nothing.
  "Hate Speech": [],
  Pornography: ["sexual"],
};

/** To which head a category of the rules belongs; the others have too few rows to learn from. */
const HEAD_OF: Partial<Record<HarmCategory, Head>> = {
  illicit: "illicit",
  "illicit/violent": "illicit",
  sexual: "sexual",
  "sexual/minors": "sexual",
  violence: "violence",
  "violence/graphic": "violence",
};

export interface HarmRow {
  readonly row: Row;
  readonly heads: readonly Head[];
  /** From the data's own families, or only from our rules on its English text. */
  readonly isNamed: boolean;
}

/**
 * Which head each harmful row teaches. Sets without categories get them from our own rules; MultiJail's
 * translations from the English row with the same number.
 */
export function labelHarm(rows: readonly Row[]): HarmRow[] {
  const harmful = rows.filter(({ label }) => label === "harmful");
  const translated = Map.groupBy(
    harmful.filter(({ source }) => source.includes("MultiJail")),
    ({ family }) => family,
  );
  const byNumber = new Map(
    [...translated].map(([family, rows]) => [
      family,
      rows.flatMap(({ text }) => headsByRules(text)),
    ]),
  );
  return harmful.map((row) => {
    const named = FAMILIES[row.family];
    if (named) return { row, heads: named, isNamed: true };
    if (row.source.includes("interpreter")) return { row, heads: ["illicit"], isNamed: true };
    return { row, heads: byNumber.get(row.family) ?? headsByRules(row.text), isNamed: false };
  });
}

function headsByRules(text: string): Head[] {
  const plain = toPlain(text).text;
  const heads = HARM_RULES.filter((rule) => findRule(rule, plain)).map(
    ({ category }) => HEAD_OF[category],
  );
  return [...new Set(heads)].filter((head) => head !== undefined);
}

function toFitRows(harm: readonly HarmRow[], benign: readonly Row[]): FitRow[] {
  const innocent = benign.map(({ text }) =>
    fitRow(
      text,
      HARM_HEADS.map(() => false),
      1,
    ),
  );
  const harmful = harm
    .filter(({ heads }) => heads.length > 0)
    .map(({ row, heads, isNamed }) =>
      // Of another category nothing is known for sure: a request may belong to two.
      fitRow(
        row.text,
        HARM_HEADS.map((head) => heads.includes(head) || undefined),
        isNamed ? 1 : 0.5,
      ),
    );
  return [...innocent, ...harmful];
}

function fitRow(text: string, targets: FitRow["targets"], weight: number): FitRow {
  return { text: toPlain(text.slice(0, READ)).lines, targets, weight };
}

/** What came of one head on rows of sources that it had not seen. */
export interface HarmFigure {
  readonly head: Head;
  readonly source: string;
  readonly rows: number;
  /** Share found at 1 % false alarms. */
  readonly recall: number;
}

/** Innocent texts are dealt to two halves by source; each half calibrates what the other taught. */
export function trainHarm(training: readonly Row[]): { model: Model; figures: HarmFigure[] } {
  const harm = labelHarm(training);
  const benign = training.filter(({ label }) => label === "benign");
  const sources = [...new Set(harm.map(({ row }) => row.source))];
  const figures: HarmFigure[] = [];
  const scored: { isAttack: boolean[]; scores: number[] }[] = [];
  for (const [index, source] of sources.entries()) {
    const isOut = (group: string) => groupNumber(group) % sources.length === index;
    const model = fit(
      harm.filter(({ row }) => row.source !== source),
      benign.filter(({ group }) => !isOut(group)),
    );
    const innocent = benign.filter(({ group }) => isOut(group)).map(({ text }) => model(text));
    const kept = harm.filter(({ row }) => row.source === source);
    for (const [head, name] of HARM_HEADS.entries()) {
      const limit =
        innocent.map((scores) => scores[head] ?? 0).toSorted((a, b) => b - a)[
          Math.floor(innocent.length / 100)
        ] ?? 0;
      const own = kept.filter(({ heads }) => heads.includes(name));
      const found = own.filter(({ row }) => (model(row.text)[head] ?? 0) >= limit);
      if (own.length > 0)
        figures.push({ head: name, source, rows: own.length, recall: found.length / own.length });
    }
    scored.push(...innocent.map((scores) => ({ isAttack: HARM_HEADS.map(() => false), scores })));
    scored.push(
      ...kept.map(({ row, heads }) => ({
        isAttack: HARM_HEADS.map((head) => heads.includes(head)),
        scores: model(row.text),
      })),
    );
  }
  const fitted = fitHeads(toFitRows(harm, benign), HARM_HEADS.length, FIT);
  const calibrations = HARM_HEADS.map((_, head) => calibrateHead(scored, head));
  return {
    model: quantise(HARM_HEADS, fitted, calibrations, {
      rows: benign.length + harm.length,
      seed: SEED,
    }),
    figures,
  };
}

function calibrateHead(
  scored: readonly { isAttack: boolean[]; scores: number[] }[],
  head: number,
): Calibration {
  const own = scored
    .filter(({ isAttack }) => isAttack[head] === true || !isAttack.includes(true))
    .map(({ isAttack, scores }) => ({
      isAttack: isAttack[head] === true,
      scores: [scores[head] ?? 0],
    }));
  return calibrate(1, own)[0] ?? UNCALIBRATED;
}

function fit(harm: readonly HarmRow[], benign: readonly Row[]): (text: string) => number[] {
  const heads = HARM_HEADS.map((_, head) => head);
  const fitted = fitHeads(toFitRows(harm, benign), heads.length, FIT);
  const classifier = classifierOf(
    quantise(
      HARM_HEADS,
      fitted,
      heads.map(() => UNCALIBRATED),
      {},
    ),
  );
  return (text) =>
    classifier.score(toPlain(text).lines, heads)?.map(({ score }) => score) ?? heads.map(() => -20);
}

/** Benign groups in a fixed order, dealt out by number. */
function groupNumber(group: string): number {
  return (
    [
      "hiyouga",
      "yizhongw",
      "f",
      "meta-llama",
      "lmarena",
      "lm-sys",
      "microsoft",
      "weir-grammar",
    ].indexOf(group) + 1
  );
}
