import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WeirError, messageOf } from "../core/errors.ts";
import { type Classifier, createClassifier } from "../guard/classifier/classifier.ts";
import { classifierDetectors } from "../guard/classifier/detectors.ts";
import type { Detector } from "../guard/detector.ts";
import { ATTACKS } from "../guard/detectors/all.ts";
import { type HarmDetector, createHarmDetector } from "../guard/detectors/harmful.ts";
import type { HarmJudges } from "../guard/moderate.ts";
import { guardModelFile } from "./guard-training.ts";
import { ROOT } from "./release.ts";

const detectors = new Map<string, readonly Detector[]>();
let learnedHarm: HarmDetector | undefined;
/** What was learned of harm transfers badly to other people's texts: calls are judged by rules alone. */
const harmRules = createHarmDetector();

/**
 * What looks at whole texts: phrases, and the classifiers of the shipped models, or of the one that was
 * taught in this data folder. Throws invalid_config where a file is broken.
 */
export function guardDetectors(dataFolder?: string): readonly Detector[] {
  const file = guardModelFile(dataFolder);
  let found = detectors.get(file);
  if (!found) {
    const model = modelIn(file);
    detectors.set(file, (found = [...ATTACKS, ...classifierDetectors(model), harmRules]));
  }
  return found;
}

/** Throws invalid_config, which says what to do. */
function modelIn(file: string): Classifier {
  try {
    return createClassifier(readFileSync(file));
  } catch (cause) {
    throw new WeirError(
      "invalid_config",
      `The guard's model ${file} cannot be used: ${messageOf(cause)}. To go back to the one before: weir guard train --undo`,
      { cause },
    );
  }
}

/** Scores of harmful content: by rules, and what was learned as a hint. Throws RangeError where its file is broken. */
export function harmScores(): HarmJudges {
  learnedHarm ??= createHarmDetector(shipped("harmful.bin"));
  return { rules: harmRules, learned: learnedHarm };
}

function shipped(file: string): Classifier {
  return createClassifier(readFileSync(join(ROOT, "models", "guard", file)));
}
