import { classifierOf } from "../../src/guard/classifier/classifier.ts";
import {
  type Calibration,
  type Scored,
  calibrate,
} from "../../src/guard/classifier/calibration.ts";
import { ATTACK_HEADS, HEADS_FOR } from "../../src/guard/classifier/attack-heads.ts";
import { scoreReadings } from "../../src/guard/classifier/detectors.ts";
import { type FittedHead, fitHeads } from "../../src/guard/classifier/fit.ts";
import { fitLifts } from "../../src/guard/classifier/lifts.ts";
import { UNCALIBRATED, quantise } from "../../src/guard/classifier/quantise.ts";
import { readingsOf } from "../../src/guard/normalize/readings.ts";
import { FIT, toFitRows } from "./learn.ts";
import type { Row, Rows } from "./read-rows.ts";

/** A row as a model scored it that had seen no other row of its source. */
export interface CrossScored {
  readonly row: Row;
  readonly fold: number;
  /** One a head, with what its length lifts it by taken off. */
  readonly scores: readonly number[];
  /** The same with nothing taken off. */
  readonly raw: readonly number[];
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

/**
 * Fits a model a fold; its lifts are those that innocent texts of the other folds ask for. Rows for
 * validation only are never learned from: each fold takes its share.
 */
export function crossScore(
  { training, validation }: Rows,
  each: (model: FoldModel, kept: readonly Row[]) => void = () => {},
): CrossScored[] {
  const folds = FOLDS.map((isOut, fold) => {
    const kept = [
      ...training.filter(isOut),
      ...validation.filter((_, index) => index % FOLDS.length === fold),
    ];
    const fitted = fitHeads(
      toFitRows(training.filter((row) => !isOut(row))),
      ATTACK_HEADS.length,
      FIT,
    );
    const model = foldModel(fold, fitted, []);
    return { fold, kept, fitted, raw: kept.map((row) => model.score(row.text)) };
  });
  const licensed = new Set(training);
  return folds.flatMap(({ fold, kept, fitted, raw }) => {
    const others = folds
      .filter((one) => one.fold !== fold)
      .flatMap((one) => one.kept.map((row, at) => ({ row, raw: one.raw[at] ?? [] })));
    const lifts = liftsOf(others.filter(({ row }) => licensed.has(row)));
    const model = foldModel(fold, fitted, lifts);
    each(model, kept);
    return kept.map((row, at) => ({
      row,
      fold,
      raw: raw[at] ?? [],
      scores: model.score(row.text),
    }));
  });
}

/** Lifts of each head, from scores that have none taken off. Documents of any length score alike. */
export function liftsOf(scored: readonly Pick<CrossScored, "row" | "raw">[]): number[][] {
  const innocent = scored.filter(({ row }) => row.surface === "user" && row.label === "benign");
  return ATTACK_HEADS.map((_, head) =>
    HEADS_FOR.user.some((own) => own === head)
      ? fitLifts(
          innocent.map(({ row, raw }) => ({ length: row.text.length, score: raw[head] ?? 0 })),
        )
      : [],
  );
}

function foldModel(
  fold: number,
  fitted: readonly FittedHead[],
  lifts: readonly (readonly number[])[],
): FoldModel {
  const heads = ATTACK_HEADS.map((_, head) => head);
  const calibrations = heads.map((head) => ({ ...UNCALIBRATED, lifts: lifts[head] ?? [] }));
  const classifier = classifierOf(quantise(ATTACK_HEADS, fitted, calibrations, {}));
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
