/** A stretch of a text in which the same findings stand. */
export interface Stretch {
  readonly start: number;
  readonly part: string;
  /** Empty where nothing was found. */
  readonly detectors: readonly string[];
}

interface Placed {
  readonly detector: string;
  readonly start: number;
  readonly end: number;
}

/** A text cut where findings begin and end; they may overlap. */
export function stretchesOf(text: string, findings: readonly Placed[]): Stretch[] {
  const cuts = new Set([0, text.length, ...findings.flatMap(({ start, end }) => [start, end])]);
  const sorted = [...cuts].filter((cut) => cut <= text.length).toSorted((a, b) => a - b);
  return sorted.slice(0, -1).map((start, index) => {
    const end = sorted[index + 1] ?? text.length;
    const here = findings.filter((one) => one.start <= start && one.end >= end);
    return {
      start,
      part: text.slice(start, end),
      detectors: here.map(({ detector }) => detector),
    };
  });
}
