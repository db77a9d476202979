import { type Anchors, agree, anchorsOf, likeness } from "./words.ts";

interface Known {
  readonly vector: Float32Array;
  readonly anchors: Anchors;
  /** Where its answer is kept. */
  readonly key: string;
  readonly until: number;
}

export interface Match {
  readonly key: string;
  readonly likeness: number;
}

/**
 * Questions that were answered, by partition: only those that share everything but the question are
 * ever compared. Bounded; the oldest go.
 */
export class SimilarIndex {
  private readonly partitions = new Map<string, Known[]>();
  private count = 0;

  add(
    partition: string,
    question: { readonly text: string; readonly vector: Float32Array; readonly key: string },
    { until, most }: { readonly until: number; readonly most: number },
  ): void {
    const { text, vector, key } = question;
    const known = this.partitions.get(partition) ?? [];
    this.partitions.delete(partition);
    this.partitions.set(partition, [...known, { vector, anchors: anchorsOf(text), key, until }]);
    this.count += 1;
    while (this.count > most) this.dropOldest();
  }

  /** The most alike question that is alike enough, and has the same numbers, names and negations. */
  find(
    partition: string,
    { text, vector }: { readonly text: string; readonly vector: Float32Array },
    { threshold, now }: { readonly threshold: number; readonly now: number },
  ): Match | undefined {
    const anchors = anchorsOf(text);
    let best: Match | undefined;
    for (const known of this.partitions.get(partition) ?? []) {
      if (known.until <= now) continue;
      const alike = likeness(vector, known.vector);
      // Few are so alike; what they must agree on takes longer to find out.
      if (alike < threshold || alike <= (best?.likeness ?? 0)) continue;
      if (agree(known.anchors, anchors)) best = { key: known.key, likeness: alike };
    }
    return best;
  }

  private dropOldest(): void {
    for (const [partition, known] of this.partitions) {
      known.shift();
      this.count -= 1;
      if (known.length === 0) this.partitions.delete(partition);
      return;
    }
  }
}
