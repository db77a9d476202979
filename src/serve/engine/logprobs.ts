import type { TokenLogprob } from "../../core/chat.ts";

/** The log-probability of one token in a row of logits, and of the likeliest ones, best first. */
export function logprobOf(
  logits: Float32Array,
  { token, top, bytesOf }: { token: number; top: number; bytesOf: (token: number) => Uint8Array },
): TokenLogprob {
  const total = logSumExp(logits);
  const describe = (id: number) => {
    const bytes = bytesOf(id);
    return {
      token: new TextDecoder().decode(bytes),
      logprob: (logits[id] ?? -Infinity) - total,
      bytes: Array.from(bytes),
    };
  };
  return { ...describe(token), top: likeliest(logits, top).map(describe) };
}

/** The ids of the highest logits, best first. */
export function likeliest(logits: Float32Array, count: number): number[] {
  const best: number[] = [];
  if (count === 0) return best;
  let least = -Infinity;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] ?? -Infinity;
    if (best.length === count && logit <= least) continue;
    const at = best.findIndex((other) => logit > (logits[other] ?? -Infinity));
    best.splice(at === -1 ? best.length : at, 0, id);
    if (best.length > count) best.pop();
    least = logits[best.at(-1) ?? 0] ?? -Infinity;
  }
  return best;
}

function logSumExp(logits: Float32Array): number {
  let most = -Infinity;
  for (const logit of logits) if (logit > most) most = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return most + Math.log(sum);
}
