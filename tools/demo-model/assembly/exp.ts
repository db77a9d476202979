/** e to the power of four lanes: 2ⁿ by exponent bits times a polynomial on [−½, ½]; error about 1e-7. */
export function exp4(x: v128): v128 {
  const bounded = f32x4.max(f32x4.min(x, f32x4.splat(88)), f32x4.splat(-87));
  const t = f32x4.mul(bounded, f32x4.splat(1.44269504));
  const n = f32x4.nearest(t);
  const f = f32x4.sub(t, n);
  let y = f32x4.splat(0.000154035304);
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(0.00133335581));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(0.00961812911));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(0.0555041087));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(0.240226507));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(0.693147181));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(y, power);
}
