import type { Pattern } from "./pattern.ts";

/**
 * What looks like parts of a secret or of a number of somebody's, and is neither: found to be passed
 * over as a whole.
 */
const SHAPES: readonly string[] = [
  // Five parts and more are a version, and so are four of which one is large.
  String.raw`\b\d{1,5}(?:\.\d{1,6}){4,8}\b`,
  String.raw`\b[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\b`,
  String.raw`\b97[89][ -]\d{1,5}[ -]\d{1,7}[ -]\d{1,7}[ -]\d\b`,
  String.raw`\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?\b`,
];

export const decoys: readonly Pattern[] = SHAPES.map((shape) => ({
  name: "pii.decoy",
  category: "pii",
  confidence: 0,
  shape,
  isDecoy: true,
}));
