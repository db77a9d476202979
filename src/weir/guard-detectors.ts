import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Classifier, createClassifier } from "../guard/classifier/classifier.ts";
import { classifierDetectors } from "../guard/classifier/detectors.ts";
import type { Detector } from "../guard/detector.ts";
import { ATTACKS } from "../guard/detectors/all.ts";
import { type HarmDetector, createHarmDetector } from "../guard/detectors/harmful.ts";
import type { HarmJudges } from "../guard/moderate.ts";
import { ROOT } from "./release.ts";

let detectors: readonly Detector[] | undefined;
let learnedHarm: HarmDetector | undefined;
/** What was learned of harm transfers badly to other people's texts: calls are judged by rules alone. */
const harmRules = createHarmDetector();

/** What looks at whole texts: phrases, and the classifiers of the shipped models. Throws RangeError where a file is broken. */
export function guardDetectors(): readonly Detector[] {
  detectors ??= [...ATTACKS, ...classifierDetectors(shipped("guard.bin")), harmRules];
  return detectors;
}

/** Scores of harmful content: by rules, and what was learned as a hint. Throws RangeError where its file is broken. */
export function harmScores(): HarmJudges {
  learnedHarm ??= createHarmDetector(shipped("harmful.bin"));
  return { rules: harmRules, learned: learnedHarm };
}

function shipped(file: string): Classifier {
  return createClassifier(readFileSync(join(ROOT, "models", "guard", file)));
}
