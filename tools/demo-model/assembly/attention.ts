/* oxlint-disable max-params -- AssemblyScript: kernels take pointers and sizes */
import { exp4 } from "./exp";

/**
 * Causal attention with shared key/value heads. Rows are tokens; `starts[i]` is the row where the
 * conversation of row i begins, so that packed conversations do not see each other. Probabilities
 * are not kept: the backward pass makes them again from `lse`, the logarithm of each row's sum.
 */

/** Numbers of a head: eight vectors. */
const HEAD: u32 = 32;
const HEAD_BYTES: usize = 128;
const SCALE: f32 = 0.17677669529663687;

function dot(a: usize, b: usize): f32 {
  let s0 = f32x4.mul(v128.load(a), v128.load(b));
  let s1 = f32x4.mul(v128.load(a, 16), v128.load(b, 16));
  s0 = f32x4.add(s0, f32x4.mul(v128.load(a, 32), v128.load(b, 32)));
  s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 48), v128.load(b, 48)));
  s0 = f32x4.add(s0, f32x4.mul(v128.load(a, 64), v128.load(b, 64)));
  s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 80), v128.load(b, 80)));
  s0 = f32x4.add(s0, f32x4.mul(v128.load(a, 96), v128.load(b, 96)));
  s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 112), v128.load(b, 112)));
  const s = f32x4.add(s0, s1);
  return (
    f32x4.extract_lane(s, 0) +
    f32x4.extract_lane(s, 1) +
    (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
  );
}

/** y += factor · x over one head. */
function add(y: usize, factor: f32, x: usize): void {
  const f = f32x4.splat(factor);
  for (let p: usize = 0; p < HEAD_BYTES; p += 16)
    v128.store(y + p, f32x4.add(v128.load(y + p), f32x4.mul(f, v128.load(x + p))));
}

/** scores[0..keys) = scaled products of a query with its keys; returns the greatest. */
function score(scores: usize, query: usize, key: usize, keys: u32, rowBytes: usize): f32 {
  let most: f32 = -Infinity;
  for (let j: u32 = 0; j < keys; j++) {
    const s = dot(query, key + j * rowBytes) * SCALE;
    store<f32>(scores + (j << 2), s);
    most = max(most, s);
  }
  return most;
}

/** scores = exp(scores − shift), in fours: `scores` has room for three more. */
function exponentiate(scores: usize, keys: u32, shift: f32): void {
  const s = f32x4.splat(shift);
  for (let j: u32 = 0; j < keys; j += 4)
    v128.store(scores + (j << 2), exp4(f32x4.sub(v128.load(scores + (j << 2)), s)));
}

/** out = attention of rows from … from + count over all earlier rows of their conversations. */
export function attentionForward(
  out: usize,
  lse: usize,
  q: usize,
  k: usize,
  v: usize,
  starts: usize,
  scores: usize,
  from: u32,
  count: u32,
  heads: u32,
  kvHeads: u32,
): void {
  const rowQ: usize = heads * HEAD_BYTES;
  const rowK: usize = kvHeads * HEAD_BYTES;
  const share = heads / kvHeads;
  for (let i = from; i < from + count; i++) {
    const start = load<u32>(starts + (i << 2));
    const keys = i - start + 1;
    for (let h: u32 = 0; h < heads; h++) {
      const column: usize = start * rowK + (h / share) * HEAD_BYTES;
      const target = out + i * rowQ + h * HEAD_BYTES;
      const most = score(scores, q + i * rowQ + h * HEAD_BYTES, k + column, keys, rowK);
      exponentiate(scores, keys, most);
      let sum: f32 = 0;
      for (let j: u32 = 0; j < keys; j++) sum += load<f32>(scores + (j << 2));
      memory.fill(target, 0, HEAD_BYTES);
      for (let j: u32 = 0; j < keys; j++)
        add(target, load<f32>(scores + (j << 2)) / sum, v + column + j * rowK);
      store<f32>(lse + ((i * heads + h) << 2), most + Mathf.log(sum));
    }
  }
}

/** Adds to dq, dk and dv what `dout` asks of them. Rows 0 … count. */
export function attentionBackward(
  dq: usize,
  dk: usize,
  dv: usize,
  dout: usize,
  out: usize,
  lse: usize,
  q: usize,
  k: usize,
  v: usize,
  starts: usize,
  scores: usize,
  count: u32,
  heads: u32,
  kvHeads: u32,
): void {
  const rowQ: usize = heads * HEAD_BYTES;
  const rowK: usize = kvHeads * HEAD_BYTES;
  const share = heads / kvHeads;
  for (let i: u32 = 0; i < count; i++) {
    const start = load<u32>(starts + (i << 2));
    const keys = i - start + 1;
    for (let h: u32 = 0; h < heads; h++) {
      const column: usize = start * rowK + (h / share) * HEAD_BYTES;
      const row: usize = i * rowQ + h * HEAD_BYTES;
      score(scores, q + row, k + column, keys, rowK);
      exponentiate(scores, keys, load<f32>(lse + ((i * heads + h) << 2)));
      const mean = dot(dout + row, out + row);
      for (let j: u32 = 0; j < keys; j++) {
        const at = column + j * rowK;
        const p = load<f32>(scores + (j << 2));
        const ds = p * (dot(dout + row, v + at) - mean) * SCALE;
        add(dq + row, ds, k + at);
        add(dk + at, ds, q + row);
        add(dv + at, p, dout + row);
      }
    }
  }
}

/**
 * Turns neighbouring pairs by an angle that grows with the position (RoPE); `turn` −1 turns back.
 * `angles` holds 16 cosines, then 16 sines, a position.
 */
export function rotate(
  x: usize,
  positions: usize,
  angles: usize,
  rows: u32,
  heads: u32,
  turn: f32,
): void {
  for (let i: u32 = 0; i < rows; i++) {
    const angle: usize = angles + load<u32>(positions + (i << 2)) * HEAD_BYTES;
    for (let h: u32 = 0; h < heads; h++) {
      for (let pair: u32 = 0; pair < HEAD / 2; pair++) {
        const cos = load<f32>(angle + (pair << 2));
        const sin = load<f32>(angle + (pair << 2), 64) * turn;
        const a = load<f32>(x);
        const b = load<f32>(x, 4);
        store<f32>(x, a * cos - b * sin);
        store<f32>(x, a * sin + b * cos, 4);
        x += 8;
      }
    }
  }
}
