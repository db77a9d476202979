/**
 * Trains the guard's classifiers and writes `models/guard/guard.bin` with its card. One command, the
 * same result for the same data: see README.md beside this file.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ATTACK_HEADS } from "../../src/guard/classifier/attack-heads.ts";
import { fitHeads } from "../../src/guard/classifier/fit.ts";
import { toBytes } from "../../src/guard/classifier/model-file.ts";
import { quantise } from "../../src/guard/classifier/quantise.ts";
import { calibrateSurfaces, crossScore, liftsOf } from "./cross-score.ts";
import { trainHarm } from "./harm.ts";
import { FIT, SEED, toFitRows } from "./learn.ts";
import { readRows } from "./read-rows.ts";
import { writeCard } from "./write-card.ts";

const FOLDER = join(import.meta.dirname, "../../models/guard");

const rows = readRows();
console.log(
  `${rows.training.length} rows to learn from, ${rows.validation.length} to measure with`,
);

const licensed = new Set(rows.training);
const crossed = crossScore(rows, ({ fold }) => console.log(`fold ${fold + 1} is fitted`));
const measured = crossed.filter(({ row }) => licensed.has(row));
const lifts = liftsOf(measured);
const calibrations = calibrateSurfaces(measured).map((calibration, head) => ({
  ...calibration,
  lifts: lifts[head] ?? [],
}));

const fitRows = toFitRows(rows.training);
const fitted = fitHeads(fitRows, ATTACK_HEADS.length, FIT);
const model = quantise(ATTACK_HEADS, fitted, calibrations, {
  rows: fitRows.length,
  seed: SEED,
  epochs: FIT.epochs,
  rate: FIT.rate,
});
const bytes = toBytes(model);
mkdirSync(FOLDER, { recursive: true });
writeFileSync(join(FOLDER, "guard.bin"), bytes);
console.log(`guard.bin: ${bytes.length} bytes`);

const harm = trainHarm(rows.training);
const harmBytes = toBytes(harm.model);
writeFileSync(join(FOLDER, "harmful.bin"), harmBytes);
console.log(`harmful.bin: ${harmBytes.length} bytes`);

const card = writeCard({
  rows,
  crossed,
  fitRows: fitRows.length,
  bytes: bytes.length,
  harm,
  harmBytes: harmBytes.length,
});
writeFileSync(join(FOLDER, "guard.md"), card);
