/** What a model's answer of one position says, and how far another's is from it. Rows are logits, one a token. */

/** ln Σ exp(row), without overflow. */
export function logSumExp(row: Float32Array): number {
  let most = -Infinity;
  for (const logit of row) if (logit > most) most = logit;
  let sum = 0;
  for (const logit of row) sum += Math.exp(logit - most);
  return most + Math.log(sum);
}

/** The token with the greatest logit; the first of several. */
export function topOf(row: Float32Array): number {
  let top = 0;
  for (let at = 1; at < row.length; at++) {
    if ((row[at] ?? -Infinity) > (row[top] ?? -Infinity)) top = at;
  }
  return top;
}

/** KL(p‖q) in nats: what it costs to expect `q` where `p` is true. Never below zero. */
export function divergence(p: Float32Array, q: Float32Array): number {
  const [pTotal, qTotal] = [logSumExp(p), logSumExp(q)];
  let sum = 0;
  for (let at = 0; at < p.length; at++) {
    const logP = (p[at] ?? 0) - pTotal;
    if (logP > -40) sum += Math.exp(logP) * (logP - ((q[at] ?? 0) - qTotal));
  }
  return Math.max(0, sum);
}

/** Mean and standard error of many numbers, without keeping them. */
export class Average {
  count = 0;
  private sum = 0;
  private squares = 0;

  add(value: number): void {
    this.count += 1;
    this.sum += value;
    this.squares += value * value;
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  get error(): number {
    if (this.count < 2) return 0;
    const variance = Math.max(0, this.squares / this.count - this.mean ** 2);
    return Math.sqrt(variance / (this.count - 1));
  }
}
