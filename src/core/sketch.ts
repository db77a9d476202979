/**
 * A distribution of positive numbers in buckets that grow by 2 %: any quantile is right to 1 %, and two
 * sketches are merged by adding their counts, exactly, over time, processes and canary arms. The
 * mapping is DDSketch's (Masson, Rim, Lee: "DDSketch", VLDB 2019) with γ = 1.02.
 */
const GAMMA = 1.02;
const PER_LOG = 1 / Math.log(GAMMA);
/** What is at most this counts as zero: a microsecond, where values are milliseconds. */
const LEAST = 0.001;
const FIRST = Math.ceil(Math.log(LEAST) * PER_LOG);

/** The bucket of a value; 0 holds what is no more than `LEAST`. */
export function bucketOf(value: number): number {
  return value > LEAST ? Math.max(1, Math.ceil(Math.log(value) * PER_LOG) - FIRST) : 0;
}

/** A bucket's middle, by ratio. */
function valueOf(bucket: number): number {
  return bucket === 0 ? 0 : (2 * GAMMA ** (bucket + FIRST)) / (GAMMA + 1);
}

/** SQL for `bucketOf`, where a database has `ceil` and `ln`: databases and processes must agree. */
export const BUCKET_SQL = (value: string): string =>
  `CASE WHEN ${value} > ${LEAST} THEN greatest(1, CAST(ceil(ln(${value}) * ${PER_LOG}) AS INTEGER) - (${FIRST})) ELSE 0 END`;

export class Sketch {
  count = 0;
  sum = 0;
  max = 0;
  /** By bucket; only those that hold something. */
  private readonly counts = new Map<number, number>();

  /** `weight` may be negative: it takes out what was put in. */
  add(value: number, weight = 1): void {
    this.addBucket(bucketOf(value), weight);
    this.sum += value * weight;
    if (value > this.max) this.max = value;
  }

  /** Counts without the values behind them: `sum` and `max` are then for the caller to set. */
  addBucket(bucket: number, weight: number): void {
    const count = (this.counts.get(bucket) ?? 0) + weight;
    if (count > 0) this.counts.set(bucket, count);
    else this.counts.delete(bucket);
    this.count += weight;
  }

  merge(other: Sketch): void {
    for (const [bucket, count] of other.counts) this.addBucket(bucket, count);
    this.sum += other.sum;
    if (other.max > this.max) this.max = other.max;
  }

  get mean(): number | null {
    return this.count > 0 ? this.sum / this.count : null;
  }

  /** The value below which this share of all lies, right to 1 %; null where there is nothing. */
  quantile(share: number): number | null {
    if (this.count <= 0) return null;
    const rank = Math.max(0, Math.ceil(share * this.count) - 1e-9);
    let below = 0;
    let last = 0;
    for (const bucket of [...this.counts.keys()].toSorted((a, b) => a - b)) {
      last = bucket;
      below += this.counts.get(bucket) ?? 0;
      if (below >= rank) break;
    }
    return Math.min(valueOf(last), this.max || Number.POSITIVE_INFINITY);
  }

  /** Share of what was counted that is at most this value; null where there is nothing. */
  shareUpTo(value: number): number | null {
    if (this.count <= 0) return null;
    const limit = bucketOf(value);
    let below = 0;
    for (const [bucket, count] of this.counts) if (bucket <= limit) below += count;
    return below / this.count;
  }

  /** Buckets with their counts, ascending: for charts of a distribution. */
  buckets(): { value: number; count: number }[] {
    return [...this.counts]
      .toSorted(([a], [b]) => a - b)
      .map(([bucket, count]) => ({ value: valueOf(bucket), count }));
  }

  /** Small enough to be kept for every minute; undefined for an empty one. */
  toBytes(): Uint8Array | undefined {
    if (this.counts.size === 0) return undefined;
    const bytes = new Uint8Array(16 + this.counts.size * 10);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, this.sum);
    view.setFloat64(8, this.max);
    let at = 16;
    let before = 0;
    for (const bucket of [...this.counts.keys()].toSorted((a, b) => a - b)) {
      at = putVarint(bytes, at, bucket - before);
      // Weights of sampled runs may be fractions: hundredths are kept.
      at = putVarint(bytes, at, Math.round((this.counts.get(bucket) ?? 0) * 100));
      before = bucket;
    }
    return bytes.slice(0, at);
  }

  static fromBytes(bytes: Uint8Array | null | undefined): Sketch {
    const sketch = new Sketch();
    if (!bytes || bytes.length < 16) return sketch;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 16;
    let bucket = 0;
    const next = (): number => {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = bytes[at++] ?? 0;
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) return value;
        scale *= 128;
      }
    };
    while (at < bytes.length) {
      bucket += next();
      sketch.addBucket(bucket, next() / 100);
    }
    sketch.sum = view.getFloat64(0);
    sketch.max = view.getFloat64(8);
    return sketch;
  }
}

function putVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}
