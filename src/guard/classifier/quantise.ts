import type { Calibration } from "./calibration.ts";
import type { FittedHead } from "./fit.ts";
import type { Model } from "./model-file.ts";

/** Of so many weights the largest is let go: one outlier would make all steps coarse. */
const CLIPPED = 0.0002;

/** Learned weights as bytes, ready to score with or to be written. */
export function quantise(
  names: readonly string[],
  fitted: readonly FittedHead[],
  calibrations: readonly Calibration[],
  made: Model["made"],
): Model {
  const buckets = fitted[0]?.weights.length ?? 0;
  const weights = new Int8Array(buckets * fitted.length);
  const heads = fitted.map((head, index) => {
    const calibration = calibrations[index];
    if (!calibration) throw new RangeError("each head needs a calibration");
    const scale = stepOf(head.weights);
    for (const [bucket, weight] of head.weights.entries()) {
      weights[index * buckets + bucket] = Math.max(-127, Math.min(127, Math.round(weight / scale)));
    }
    const { bias, windows } = head;
    return { name: names[index] ?? String(index), scale, bias, windows, calibration };
  });
  return { heads, buckets, weights, made };
}

function stepOf(weights: Float32Array): number {
  const sizes = weights.map(Math.abs).sort();
  const largest = sizes[Math.floor(sizes.length * (1 - CLIPPED))] ?? 0;
  return largest === 0 ? 1 : largest / 127;
}

/** For scores that nobody has measured yet: everything is as common as can be. */
export const UNCALIBRATED: Calibration = {
  scores: [],
  rates: [],
  slope: 1,
  offset: 0,
  lifts: [],
};
