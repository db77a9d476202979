import { Sketch, bucketOf } from "../../core/sketch.ts";

const SLICE_MS = 600_000;
/** The slice under way and six whole ones. */
const SLICES = 7;
/** Up to 17 minutes; what took longer counts as that. */
const BUCKETS = 1050;

interface Slice {
  /** Which slice of all time stands here. */
  number: number;
  counts: Uint32Array;
  sum: number;
  max: number;
}

/**
 * Times of the last hour whose percentiles are right to 1 %. An observation is one logarithm and one
 * count: it is made several times a call. What is older leaves by slices of ten minutes.
 */
export class LastHour {
  private readonly slices: (Slice | undefined)[] = Array.from({ length: SLICES });

  /** `now`: epoch milliseconds. */
  observe(ms: number, now: number): void {
    const slice = this.sliceAt(Math.floor(now / SLICE_MS));
    const bucket = Math.min(bucketOf(ms), BUCKETS - 1);
    slice.counts[bucket] = (slice.counts[bucket] ?? 0) + 1;
    slice.sum += ms;
    if (ms > slice.max) slice.max = ms;
  }

  /** All that is remembered, in milliseconds. */
  sketch(now: number): Sketch {
    const first = Math.floor(now / SLICE_MS) - SLICES + 1;
    const sketch = new Sketch();
    for (const slice of this.slices) {
      if (!slice || slice.number < first) continue;
      for (const [bucket, count] of slice.counts.entries()) {
        if (count > 0) sketch.addBucket(bucket, count);
      }
      sketch.sum += slice.sum;
      sketch.max = Math.max(sketch.max, slice.max);
    }
    return sketch;
  }

  /** The start of the oldest slice that is remembered. */
  static from(now: number): number {
    return (Math.floor(now / SLICE_MS) - SLICES + 1) * SLICE_MS;
  }

  private sliceAt(number: number): Slice {
    const place = number % SLICES;
    const known = this.slices[place];
    if (known?.number === number) return known;
    const counts = known?.counts.fill(0) ?? new Uint32Array(BUCKETS);
    const slice = { number, counts, sum: 0, max: 0 };
    this.slices[place] = slice;
    return slice;
  }
}
