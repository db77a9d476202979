import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClassifier } from "../guard/classifier/classifier.ts";
import { classifierDetectors } from "../guard/classifier/detectors.ts";
import type { Detector } from "../guard/detector.ts";
import { ATTACKS } from "../guard/detectors/all.ts";
import { ROOT } from "./release.ts";

const SHIPPED = join(ROOT, "models", "guard", "guard.bin");

let detectors: readonly Detector[] | undefined;

/** What looks for attacks: phrases, and the classifiers of the shipped model. Throws RangeError where its file is broken. */
export function guardDetectors(): readonly Detector[] {
  detectors ??= [...ATTACKS, ...classifierDetectors(createClassifier(readFileSync(SHIPPED)))];
  return detectors;
}
