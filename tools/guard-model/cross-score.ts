import { classifierOf } from "../../src/guard/classifier/classifier.ts";
import {
  type Calibration,
  type Scored,
  calibrate,
} from "../../src/guard/classifier/calibration.ts";
import { ATTACK_HEADS } from "../../src/guard/classifier/attack-heads.ts";
import { scoreReadings } from "../../src/guard/classifier/detectors.ts";
import { fitHeads } from "../../src/guard/classifier/fit.ts";
import { UNCALIBRATED, quantise } from "../../src/guard/classifier/quantise.ts";
import { readingsOf } from "../../src/guard/normalize/readings.ts";
import { FIT, toFitRows } from "./learn.ts";
import type { Row, Rows } from "./read-rows.ts";

/** A row as a model scored it that had seen no other row of its source. */
export interface CrossScored {
  readonly row: Row;
  readonly fold: number;
  /** One a head. */
  readonly scores: readonly number[];
}

export interface FoldModel {
  readonly fold: number;
  /** Scores a text by all heads, as the shipped weights would. */
  score(text: string): number[];
}

/**
 * Sources are kept out fold by fold, attacks beside innocent texts: `source` is never split. Copies of one
 * collection under several names go out together.
 */
const FOLDS: readonly ((row: Row) => boolean)[] = [
  ({ group, source }) => group === "verazuo" || source === "f/awesome-chatgpt-prompts",
  ({ group }) => group === "meta-llama",
  ({ group, source }) => group === "microsoft" || source.includes("glaive"),
  ({ group }) => ["NVIDIA", "Giskard-AI", "lm-sys", "lmarena"].includes(group),
  ({ group, source }) =>
    group === "weir-grammar" || source.includes("kto") || source.includes("c4_demo"),
  ({ group }) => group === "yizhongw",
  ({ source }) => source.includes(":book") || source.includes("dpo"),
];

/** Fits a model a fold. Rows for validation only are never learned from: each fold takes its share. */
export function crossScore(
  { training, validation }: Rows,
  each: (model: FoldModel, kept: readonly Row[]) => void = () => {},
): CrossScored[] {
  return FOLDS.flatMap((isOut, fold) => {
    const kept = [
      ...training.filter(isOut),
      ...validation.filter((_, index) => index % FOLDS.length === fold),
    ];
    const model = fitFold(
      training.filter((row) => !isOut(row)),
      fold,
    );
    each(model, kept);
    return kept.map((row) => ({ row, fold, scores: model.score(row.text) }));
  });
}

function fitFold(rows: readonly Row[], fold: number): FoldModel {
  const heads = ATTACK_HEADS.map((_, head) => head);
  const fitted = fitHeads(toFitRows(rows), heads.length, FIT);
  const classifier = classifierOf(
    quantise(
      ATTACK_HEADS,
      fitted,
      heads.map(() => UNCALIBRATED),
      {},
    ),
  );
  return {
    fold,
    score: (text) =>
      scoreReadings(classifier, readingsOf(text), heads).map(({ found }) => found.score),
  };
}

/** Tables for the three heads: users' texts and documents are measured apart. */
export function calibrateSurfaces(scored: readonly CrossScored[]): Calibration[] {
  const [user, jailbreak] = calibrate(2, pick(scored, "user", [0, 2]));
  const [document] = calibrate(1, pick(scored, "document", [1]));
  return [user, document, jailbreak].map((one) => one ?? UNCALIBRATED);
}

function pick(
  scored: readonly CrossScored[],
  surface: Row["surface"],
  heads: readonly number[],
): Scored[] {
  return scored
    .filter(({ row }) => row.surface === surface && row.label !== "harmful")
    .map(({ row, scores }) => ({
      isAttack: row.label !== "benign",
      scores: heads.map((head) => scores[head] ?? 0),
    }));
}
