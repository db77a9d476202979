/* oxlint-disable max-params -- AssemblyScript: kernels take pointers and sizes */
import { exp4 } from "./exp";

/** What stands between the matrix products: norms, gates, look-ups, the loss and the optimizer. */

const EPSILON: f32 = 1e-5;

function total(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** out[i] = table[index[i]] */
export function gather(out: usize, table: usize, index: usize, rows: u32, width: u32): void {
  const row = (<usize>width) << 2;
  for (let i: u32 = 0; i < rows; i++)
    memory.copy(out + i * row, table + load<u32>(index + (i << 2)) * row, row);
}

/** table[index[i]] += x[i] */
export function scatter(table: usize, x: usize, index: usize, rows: u32, width: u32): void {
  for (let i: u32 = 0; i < rows; i++)
    add(table + ((load<u32>(index + (i << 2)) * width) << 2), x + ((i * width) << 2), width);
}

/** y += x over n numbers, a multiple of 4. */
export function add(y: usize, x: usize, n: u32): void {
  for (const end = y + ((<usize>n) << 2); y < end; y += 16) {
    v128.store(y, f32x4.add(v128.load(y), v128.load(x)));
    x += 16;
  }
}

/** out = x / rms(x) · weight, row by row; `scales` keeps 1 / rms for the way back. */
export function normForward(
  out: usize,
  scales: usize,
  x: usize,
  weight: usize,
  rows: u32,
  width: u32,
): void {
  const row = (<usize>width) << 2;
  for (let i: u32 = 0; i < rows; i++) {
    let squares = f32x4.splat(0);
    for (let p: usize = 0; p < row; p += 16) {
      const a = v128.load(x + p);
      squares = f32x4.add(squares, f32x4.mul(a, a));
    }
    const scale: f32 = <f32>1 / sqrt<f32>(total(squares) / <f32>width + EPSILON);
    store<f32>(scales + (i << 2), scale);
    const s = f32x4.splat(scale);
    for (let p: usize = 0; p < row; p += 16)
      v128.store(out + p, f32x4.mul(f32x4.mul(v128.load(x + p), s), v128.load(weight + p)));
    x += row;
    out += row;
  }
}

/** Adds to dx and dweight what `dout` asks of them. */
export function normBackward(
  dx: usize,
  dweight: usize,
  dout: usize,
  x: usize,
  scales: usize,
  weight: usize,
  rows: u32,
  width: u32,
): void {
  const row = (<usize>width) << 2;
  for (let i: u32 = 0; i < rows; i++) {
    const scale = load<f32>(scales + (i << 2));
    const s = f32x4.splat(scale);
    let sums = f32x4.splat(0);
    for (let p: usize = 0; p < row; p += 16) {
      const scaled = f32x4.mul(f32x4.mul(v128.load(dout + p), v128.load(x + p)), s);
      v128.store(dweight + p, f32x4.add(v128.load(dweight + p), scaled));
      sums = f32x4.add(sums, f32x4.mul(scaled, v128.load(weight + p)));
    }
    const mean = f32x4.splat((total(sums) / <f32>width) * scale);
    for (let p: usize = 0; p < row; p += 16) {
      const wide = f32x4.mul(v128.load(dout + p), v128.load(weight + p));
      const own = f32x4.mul(f32x4.sub(wide, f32x4.mul(v128.load(x + p), mean)), s);
      v128.store(dx + p, f32x4.add(v128.load(dx + p), own));
    }
    x += row;
    dout += row;
    dx += row;
  }
}

function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** out = silu(gate) · up over n numbers, a multiple of 4. */
export function gateForward(out: usize, gate: usize, up: usize, n: u32): void {
  const bytes = (<usize>n) << 2;
  for (let p: usize = 0; p < bytes; p += 16) {
    const g = v128.load(gate + p);
    v128.store(out + p, f32x4.mul(f32x4.mul(g, sigmoid(g)), v128.load(up + p)));
  }
}

/** dgate and dup, overwritten, from dout. */
export function gateBackward(
  dgate: usize,
  dup: usize,
  dout: usize,
  gate: usize,
  up: usize,
  n: u32,
): void {
  const bytes = (<usize>n) << 2;
  const one = f32x4.splat(1);
  for (let p: usize = 0; p < bytes; p += 16) {
    const g = v128.load(gate + p);
    const d = v128.load(dout + p);
    const s = sigmoid(g);
    v128.store(dup + p, f32x4.mul(d, f32x4.mul(g, s)));
    const slope = f32x4.mul(s, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, s))));
    v128.store(dgate + p, f32x4.mul(f32x4.mul(d, v128.load(up + p)), slope));
  }
}

/**
 * Cross-entropy: `logits` become their own gradient times `scale`; `losses` and `hits` get each
 * row's loss and whether the target was the likeliest. Width is a multiple of 4.
 */
export function crossEntropy(
  logits: usize,
  losses: usize,
  hits: usize,
  targets: usize,
  rows: u32,
  width: u32,
  scale: f32,
): void {
  const row = (<usize>width) << 2;
  for (let i: u32 = 0; i < rows; i++) {
    let most: f32 = -Infinity;
    for (let p: usize = 0; p < row; p += 4) most = max(most, load<f32>(logits + p));
    const target = logits + (load<u32>(targets + (i << 2)) << 2);
    const wanted = load<f32>(target);
    const shift = f32x4.splat(most);
    let sums = f32x4.splat(0);
    for (let p: usize = 0; p < row; p += 16) {
      const e = exp4(f32x4.sub(v128.load(logits + p), shift));
      sums = f32x4.add(sums, e);
      v128.store(logits + p, e);
    }
    const sum = total(sums);
    store<f32>(losses + (i << 2), Mathf.log(sum) + most - wanted);
    store<u32>(hits + (i << 2), wanted === most ? 1 : 0);
    const factor = f32x4.splat(scale / sum);
    for (let p: usize = 0; p < row; p += 16)
      v128.store(logits + p, f32x4.mul(v128.load(logits + p), factor));
    store<f32>(target, load<f32>(target) - scale);
    logits += row;
  }
}

/** The sum of squares of n numbers, a multiple of 4. */
export function squares(x: usize, n: u32): f64 {
  let sum: f64 = 0;
  for (const end = x + ((<usize>n) << 2); x < end; x += 16) {
    const a = v128.load(x);
    sum += <f64>total(f32x4.mul(a, a));
  }
  return sum;
}

/**
 * AdamW over n numbers: `rate` is the learning rate with bias correction, `decay` the whole factor
 * that weights shrink by, `clip` scales the gradient.
 */
export function adam(
  weights: usize,
  gradient: usize,
  mean: usize,
  variance: usize,
  n: u32,
  rate: f32,
  decay: f32,
  clip: f32,
): void {
  const beta1 = f32x4.splat(0.9);
  const beta2 = f32x4.splat(0.98);
  const rest1 = f32x4.splat(0.1);
  const rest2 = f32x4.splat(0.02);
  const bytes = (<usize>n) << 2;
  for (let p: usize = 0; p < bytes; p += 16) {
    const g = f32x4.mul(v128.load(gradient + p), f32x4.splat(clip));
    const m = f32x4.add(f32x4.mul(v128.load(mean + p), beta1), f32x4.mul(g, rest1));
    const v = f32x4.add(
      f32x4.mul(v128.load(variance + p), beta2),
      f32x4.mul(f32x4.mul(g, g), rest2),
    );
    v128.store(mean + p, m);
    v128.store(variance + p, v);
    const step = f32x4.div(
      f32x4.mul(m, f32x4.splat(rate)),
      f32x4.add(f32x4.sqrt(v), f32x4.splat(1e-8)),
    );
    v128.store(weights + p, f32x4.sub(f32x4.mul(v128.load(weights + p), f32x4.splat(decay)), step));
  }
}
