import { toPlain } from "../normalize/plain.ts";
import {
  ATTACK_HEADS,
  type AttackLabel,
  HEADS_FOR,
  type Surface,
  attackTargets,
} from "./attack-heads.ts";
import { type Calibration, calibrate } from "./calibration.ts";
import { type Classifier, classifierOf } from "./classifier.ts";
import { type FitRow, fitHeads } from "./fit.ts";
import type { Model } from "./model-file.ts";
import { quantise } from "./quantise.ts";

/** A text that an operator has looked at. */
export interface LabelledText {
  readonly text: string;
  readonly label: AttackLabel;
  readonly surface: Surface;
}

/** What a model makes of labelled texts at 1 % false alarms, in rows. */
export interface Outcome {
  readonly attacksFound: number;
  readonly innocentFlagged: number;
}

export interface RefitReport {
  readonly learnedFrom: number;
  /** Rows that were kept out, and are what the outcomes speak of. */
  readonly attacks: number;
  readonly innocent: number;
  readonly before: Outcome;
  readonly after: Outcome;
}

/** Every so many rows are kept out; of fewer rows than these nothing can be said. */
const KEPT_OUT = 4;
const LEAST = 8;
const SETTING = 0.01;
/** Steps are small: what the shipped weights know must outlive a few rows. */
const REFIT = { epochs: 8, rate: 0.02, seed: 1 };
/** A rate is trusted where so many innocent texts lie above it. */
const TRUSTED = 3;

/**
 * Goes on learning from an operator's own rows. Three quarters teach; the rest say what came of it,
 * before and after, and may raise the calibration's scores, never lower them. Throws a RangeError when there are too few
 * rows. Pure: the same model and rows give the same result.
 */
export function refit(
  model: Model,
  rows: readonly LabelledText[],
): { model: Model; report: RefitReport } {
  if (model.heads.some(({ name }, index) => name !== ATTACK_HEADS[index])) {
    throw new RangeError("Only the model of injection and jailbreak can be trained on own rows.");
  }
  const [kept, taught] = split(rows);
  if (taught.length < LEAST || kept.length === 0) {
    throw new RangeError(
      `Too few labelled texts: ${rows.length}, and at least ${2 * LEAST} are needed.`,
    );
  }
  const fitted = fitHeads(taught.map(toFitRow), model.heads.length, {
    ...REFIT,
    buckets: model.buckets,
    start: model.heads.map(({ scale, bias, windows }, head) => ({
      windows,
      weights: Float32Array.from(weightsOf(model, head), (weight) => weight * scale),
      bias,
    })),
  });
  const calibrations = model.heads.map(({ calibration }) => calibration);
  const made = { ...model.made, refitted: taught.length };
  const first = quantise(ATTACK_HEADS, fitted, calibrations, made);
  const refitted = {
    ...first,
    heads: first.heads.map((head, index) => ({
      ...head,
      calibration: raised(head.calibration, index, classifierOf(first), kept),
    })),
  };
  return { model: refitted, report: reportOf(model, refitted, taught.length, kept) };
}

function weightsOf(model: Model, head: number): Int8Array {
  return model.weights.subarray(head * model.buckets, (head + 1) * model.buckets);
}

/** Label by label, so that both parts have some of each. */
function split(rows: readonly LabelledText[]): [LabelledText[], LabelledText[]] {
  const kept: LabelledText[] = [];
  const taught: LabelledText[] = [];
  for (const alike of Map.groupBy(rows, ({ label, surface }) => `${label} ${surface}`).values()) {
    for (const [index, row] of alike.entries()) {
      (index % KEPT_OUT === KEPT_OUT - 1 ? kept : taught).push(row);
    }
  }
  return [kept, taught];
}

function toFitRow({ text, label, surface }: LabelledText): FitRow {
  const shown = new Set<number>(HEADS_FOR[surface]);
  const targets = attackTargets(label).map((target, head) =>
    shown.has(head) ? target : undefined,
  );
  return { text: toPlain(text).lines, targets, weight: 1 };
}

/** The table's scores, moved up as far as these innocent texts ask for. */
function raised(
  calibration: Calibration,
  head: number,
  classifier: Classifier,
  kept: readonly LabelledText[],
): Calibration {
  const scored = kept
    .filter(
      ({ label, surface }) => label === "benign" && HEADS_FOR[surface].some((own) => own === head),
    )
    .flatMap(({ text }) => classifier.score(toPlain(text).lines, [head]) ?? [])
    .map(({ score }) => ({ isAttack: false, scores: [score] }));
  const [own] = calibrate(1, scored);
  const shifts = (own?.rates ?? []).map((rate, at) => {
    const shipped = calibration.scores[calibration.rates.indexOf(rate)];
    if (shipped === undefined || rate * scored.length < TRUSTED) return 0;
    return (own?.scores[at] ?? 0) - shipped;
  });
  const shift = Math.max(0, ...shifts);
  return { ...calibration, scores: calibration.scores.map((score) => score + shift) };
}

function reportOf(
  before: Model,
  after: Model,
  learnedFrom: number,
  kept: readonly LabelledText[],
): RefitReport {
  const innocent = kept.filter(({ label }) => label === "benign").length;
  return {
    learnedFrom,
    attacks: kept.length - innocent,
    innocent,
    before: outcomeOf(classifierOf(before), kept),
    after: outcomeOf(classifierOf(after), kept),
  };
}

function outcomeOf(classifier: Classifier, kept: readonly LabelledText[]): Outcome {
  const flagged = kept.filter(({ text, surface }) => {
    const scores = classifier.score(toPlain(text).lines, HEADS_FOR[surface]) ?? [];
    return scores.some(({ falsePositiveRate }) => falsePositiveRate <= SETTING);
  });
  const innocentFlagged = flagged.filter(({ label }) => label === "benign").length;
  return { attacksFound: flagged.length - innocentFlagged, innocentFlagged };
}
