/** The call that was counted last in a bucket: where a chart leads from a slow point to its trace. */
export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Counts in buckets with fixed upper bounds, as Prometheus has them. */
export class Histogram {
  readonly bounds: readonly number[];
  /** By bucket, not added up; the last is for what is above all bounds. */
  readonly counts: number[];
  sum = 0;
  count = 0;
  /** By bucket, each field apart: at a dozen times a call, objects show. */
  private readonly traceIds: (string | undefined)[];
  private readonly values: Float64Array;
  private readonly times: Float64Array;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
    this.traceIds = Array.from({ length: bounds.length + 1 });
    this.values = new Float64Array(bounds.length + 1);
    this.times = new Float64Array(bounds.length + 1);
  }

  /** A loop: at a dozen times a call, `findIndex` and its closure show. */
  observe(value: number, traceId?: string, at = 0): void {
    let bucket = 0;
    while (value > (this.bounds[bucket] ?? Infinity)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
    this.count += 1;
    if (traceId === undefined) return;
    this.traceIds[bucket] = traceId;
    this.values[bucket] = value;
    this.times[bucket] = at;
  }

  exemplar(bucket: number): Exemplar | undefined {
    const traceId = this.traceIds[bucket];
    if (traceId === undefined) return undefined;
    return { traceId, value: this.values[bucket] ?? 0, at: this.times[bucket] ?? 0 };
  }
}

/** Of Weir's first histograms; they stay for who reads them. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** vLLM's bounds, so that its boards and alerts fit. */
export const FIRST_TOKEN_SECONDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
  160, 640, 2560,
];
export const PER_TOKEN_SECONDS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
export const REQUEST_SECONDS = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];

/** The GenAI conventions' advice. */
export const GENAI_SECONDS = Array.from({ length: 14 }, (_, at) => 0.01 * 2 ** at);
export const GENAI_TOKENS = Array.from({ length: 14 }, (_, at) => 4 ** at);
