import { turn, type Turn } from "./turning.ts";

/**
 * A decoder as Hugging Face's library computes it, in doubles and plain loops: what the converted file's
 * answers are held against. Nothing here knows of GGUF.
 */

export interface Family {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly epsilon: number;
  /** What multiplies the embedding. */
  readonly embeddingScale?: number;
  /** Norms over one, layer norms with a bias, or plain. */
  readonly norm: "rms" | "rms+1" | "layer";
  readonly activation: "silu" | "gelu";
  /** By what attention scores are multiplied; else one over the root of the head's size. */
  readonly scoreScale?: number;
  readonly scoreCap?: number;
  readonly logitCap?: number;
  /** How many tokens a layer looks back, itself included. */
  readonly window?: (layer: number) => number;
  readonly turn: (layer: number, tokens: number) => Turn;
  /** Whether attention and feed-forward read the same norm, and are added together. */
  readonly isParallel?: boolean;
  readonly names?: Readonly<Record<string, string>>;
}

type Vector = Float64Array<ArrayBuffer>;
export type Weights = (name: string) => ArrayLike<number> | undefined;

/** Logits behind every token. */
export function forward(family: Family, weights: Weights, tokens: readonly number[]): Vector[] {
  const need = needing(weights);
  const embedding = need("model.embed_tokens.weight");
  const { hidden, embeddingScale = 1 } = family;
  let states = tokens.map((token) =>
    Float64Array.from({ length: hidden }, (_, at) => at + token * hidden).map(
      (index) => (embedding[index] ?? 0) * embeddingScale,
    ),
  );
  for (let layer = 0; layer < family.layers; layer++) {
    states = runLayer(family, { weights, layer }, states);
  }
  const last = family.norm === "layer" ? "model.final_layernorm" : "model.norm";
  const head = weights("lm_head.weight") ?? embedding;
  return states.map((state) => {
    const logits = times(head, normed(family, weights, { name: last, values: state }));
    const biased = plus(logits, weights("lm_head.bias"));
    return biased.map((value) => capped(value, family.logitCap));
  });
}

function needing(weights: Weights): (name: string) => ArrayLike<number> {
  return (name) => {
    const found = weights(name);
    if (!found) throw new Error(`the test's own model has no ${name}`);
    return found;
  };
}

interface Layer {
  readonly weights: Weights;
  readonly layer: number;
}

function runLayer(family: Family, at: Layer, states: readonly Vector[]): Vector[] {
  const { weights, layer } = at;
  const name = (part: string) => `model.layers.${layer}.${part}`;
  const norm = (part: string, values: Vector) =>
    normed(family, weights, { name: name(part), values });
  const first = states.map((state) => norm("input_layernorm", state));
  const attended = attend(family, at, first);
  if (family.isParallel)
    return states.map((state, t) =>
      add(add(state, attended[t]), feedForward(family, at, first[t] ?? state)),
    );
  const hasFour = weights(name("pre_feedforward_layernorm.weight")) !== undefined;
  return states.map((state, t) => {
    const out = attended[t] ?? state;
    const middle = add(state, hasFour ? norm("post_attention_layernorm", out) : out);
    const second = norm(hasFour ? "pre_feedforward_layernorm" : "post_attention_layernorm", middle);
    const fed = feedForward(family, at, second);
    return add(middle, hasFour ? norm("post_feedforward_layernorm", fed) : fed);
  });
}

function attend(family: Family, at: Layer, inputs: readonly Vector[]): Vector[] {
  const { heads, kvHeads, headSize, scoreScale = 1 / Math.sqrt(headSize) } = family;
  const turning = family.turn(at.layer, inputs.length);
  const all = inputs.map((input) => projected(family, at, input));
  const place = (kind: "q" | "k", count: number) =>
    all.map((one, position) =>
      split(one[kind], count).map((head) =>
        turn(headNormed(family, at, { kind, head }), position, turning),
      ),
    );
  const queries = place("q", heads);
  const keys = place("k", kvHeads);
  const values = all.map(({ v }) => split(v, kvHeads));
  const window = family.window?.(at.layer) ?? Infinity;
  return queries.map((own, position) => {
    const out = own.flatMap((query, head) => {
      const group = Math.floor(head / (heads / kvHeads));
      const from = Math.max(0, position - window + 1);
      const scores = keys
        .slice(from, position + 1)
        .map((key) => capped(dot(query, key[group]) * scoreScale, family.scoreCap));
      return [...mixed(softmax(scores), values.slice(from, position + 1), { group, headSize })];
    });
    return projectOut(at, out);
  });
}

interface Projected {
  readonly q: Vector;
  readonly k: Vector;
  readonly v: Vector;
}

function projected({ heads, kvHeads, headSize }: Family, at: Layer, input: Vector): Projected {
  const name = (part: string) => `model.layers.${at.layer}.self_attn.${part}`;
  const fused = at.weights(name("qkv_proj.weight"));
  if (fused) {
    const all = times(fused, input);
    const [q, k] = [heads * headSize, (heads + kvHeads) * headSize];
    return { q: all.subarray(0, q), k: all.subarray(q, k), v: all.subarray(k) };
  }
  const one = (part: string) => linear(at.weights, name(part), input);
  return { q: one("q_proj"), k: one("k_proj"), v: one("v_proj") };
}

function projectOut({ weights, layer }: Layer, values: number[]): Vector {
  const name = (part: string) => `model.layers.${layer}.self_attn.${part}`;
  const out = weights(name("dense.weight")) ? "dense" : "o_proj";
  return linear(weights, name(out), Float64Array.from(values));
}

function headNormed(
  family: Family,
  { weights, layer }: Layer,
  { kind, head }: { readonly kind: "q" | "k"; readonly head: Vector },
): Vector {
  const name = `model.layers.${layer}.self_attn.${kind}_norm`;
  return weights(`${name}.weight`) ? normed(family, weights, { name, values: head }) : head;
}

function feedForward(family: Family, { weights, layer }: Layer, input: Vector): Vector {
  const name = (part: string) => `model.layers.${layer}.mlp.${part}`;
  const act = family.activation === "silu" ? silu : gelu;
  if (weights(name("fc1.weight")))
    return linear(weights, name("fc2"), linear(weights, name("fc1"), input).map(act));
  const fused = weights(name("gate_up_proj.weight"));
  const both = fused
    ? times(fused, input)
    : Float64Array.from([
        ...linear(weights, name("gate_proj"), input),
        ...linear(weights, name("up_proj"), input),
      ]);
  const half = both.length / 2;
  const gated = both.subarray(0, half).map((gate, at) => act(gate) * (both[half + at] ?? 0));
  return linear(weights, name("down_proj"), gated);
}

function normed(
  { norm, epsilon }: Family,
  weights: Weights,
  { name, values }: { readonly name: string; readonly values: Vector },
): Vector {
  const weight = needing(weights)(`${name}.weight`);
  const mean = norm === "layer" ? sum(values) / values.length : 0;
  const square = sum(values.map((value) => (value - mean) ** 2)) / values.length;
  const scale = 1 / Math.sqrt(square + epsilon);
  const extra = norm === "rms+1" ? 1 : 0;
  const scaled = values.map((value, at) => (value - mean) * scale * ((weight[at] ?? 0) + extra));
  return plus(scaled, norm === "layer" ? needing(weights)(`${name}.bias`) : undefined);
}

function linear(weights: Weights, name: string, input: Vector): Vector {
  return plus(times(needing(weights)(`${name}.weight`), input), weights(`${name}.bias`));
}

function times(matrix: ArrayLike<number>, input: Vector): Vector {
  const columns = input.length;
  return Float64Array.from({ length: matrix.length / columns }, (_, row) => {
    let total = 0;
    for (let at = 0; at < columns; at++)
      total += (matrix[row * columns + at] ?? 0) * (input[at] ?? 0);
    return total;
  });
}

function mixed(
  shares: readonly number[],
  values: readonly (readonly Vector[])[],
  { group, headSize }: { readonly group: number; readonly headSize: number },
): Vector {
  const out = new Float64Array(headSize);
  for (const [at, share] of shares.entries()) {
    for (const [i, value] of (values[at]?.[group] ?? out).entries())
      out[i] = (out[i] ?? 0) + share * value;
  }
  return out;
}

function split(values: Vector, count: number): Vector[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, at) => values.slice(at * size, (at + 1) * size));
}

function softmax(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const all = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / all);
}

const sum = (values: Vector) => values.reduce((a, b) => a + b, 0);
const dot = (a: Vector, b: Vector | undefined) =>
  a.reduce((total, value, at) => total + value * (b?.[at] ?? 0), 0);
const add = (a: Vector, b: Vector | undefined) => a.map((value, at) => value + (b?.[at] ?? 0));
const plus = (a: Vector, b: ArrayLike<number> | undefined) =>
  b ? a.map((value, at) => value + (b[at] ?? 0)) : a;
const capped = (value: number, cap: number | undefined) =>
  cap === undefined ? value : cap * Math.tanh(value / cap);
const silu = (value: number) => value / (1 + Math.exp(-value));
const gelu = (value: number) =>
  0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3)));
