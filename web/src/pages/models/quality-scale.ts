/** Where the points of the picture stand. */

/** What is closer than this is as good as the original. */
const LEAST = 1e-5;
/** No loss stands at the bottom line: what loses anything stands above it. */
const AIR = 1.5;

export interface Scale {
  /** The lines of the picture, from the bottom on: 0, or a power of ten. */
  readonly lines: readonly number[];
  /** 0 at the bottom of the picture, 1 at its top. */
  readonly heightOf: (divergence: number) => number;
}

/** Divergences differ by factors: a logarithmic scale of whole powers of ten, with 0 at its bottom. */
export function scaleOf(divergences: readonly number[]): Scale {
  const losses = divergences.filter((one) => one > LEAST);
  const least = losses.length === 0 ? LEAST * AIR : Math.min(...losses);
  const low = Math.floor(Math.log10(least / AIR));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(least, ...losses))));
  const powers = Array.from({ length: high - low }, (_, at) => 10 ** (low + 1 + at));
  return {
    lines: [0, ...powers],
    heightOf: (loss) => Math.max(0, (Math.log10(Math.max(loss, 10 ** low)) - low) / (high - low)),
  };
}

/** A round step, so that some marks fit up to `most`: 1, 2 or 5 of a power of `base`'s units. */
export function marksOf(most: number, unit: number): number[] {
  const rough = most / unit / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  return Array.from(
    { length: Math.floor(most / unit / step + 1e-9) + 1 },
    (_, at) => at * step * unit,
  );
}

export interface Label {
  readonly x: number;
  readonly y: number;
  /** In pixels. */
  readonly width: number;
}

const LINE = 15;

/** Moves labels that would lie over another down or up, the least that helps. Gives their heights. */
export function spreadLabels(labels: readonly Label[]): number[] {
  const placed: Label[] = [];
  return labels.map((label) => {
    const free = [0, -1, 1, -2, 2, -3, 3]
      .map((lines) => label.y + lines * LINE)
      .find((y) => placed.every((other) => !overlaps({ ...label, y }, other)));
    const y = free ?? label.y;
    placed.push({ ...label, y });
    return y;
  });
}

function overlaps(a: Label, b: Label): boolean {
  return Math.abs(a.y - b.y) < LINE - 1 && a.x < b.x + b.width && b.x < a.x + a.width;
}
