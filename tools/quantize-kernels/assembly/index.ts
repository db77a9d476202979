import { blockQ2_K, blockQ3_K, blockQ4_K, blockQ5_K, blockQ6_K } from "./k-blocks";
import { floats, packed } from "./memory";
import { blockQ4_0, blockQ4_1, blockQ5_0, blockQ5_1, blockQ8_0 } from "./small-blocks";

/** Each function turns the first `blocks` blocks at `floatsAt()` into bytes at `packedAt()`. */

export { MOST_VALUES as mostValues } from "./memory";

export function floatsAt(): usize {
  return floats;
}

export function packedAt(): usize {
  return packed;
}

export function Q8_0(blocks: i32): void {
  for (let at = 0; at < blocks; at++)
    blockQ8_0(floats + <usize>(at * 128), packed + <usize>(at * 34));
}

export function Q4_0(blocks: i32): void {
  for (let at = 0; at < blocks; at++)
    blockQ4_0(floats + <usize>(at * 128), packed + <usize>(at * 18));
}

export function Q4_1(blocks: i32): void {
  for (let at = 0; at < blocks; at++)
    blockQ4_1(floats + <usize>(at * 128), packed + <usize>(at * 20));
}

export function Q5_0(blocks: i32): void {
  for (let at = 0; at < blocks; at++)
    blockQ5_0(floats + <usize>(at * 128), packed + <usize>(at * 22));
}

export function Q5_1(blocks: i32): void {
  for (let at = 0; at < blocks; at++)
    blockQ5_1(floats + <usize>(at * 128), packed + <usize>(at * 24));
}

export function Q2_K(blocks: i32): void {
  for (let at = 0; at < blocks; at++)
    blockQ2_K(floats + <usize>(at * 1024), packed + <usize>(at * 84));
}

export function Q3_K(blocks: i32): void {
  for (let at = 0; at < blocks; at++)
    blockQ3_K(floats + <usize>(at * 1024), packed + <usize>(at * 110));
}

export function Q4_K(blocks: i32): void {
  for (let at = 0; at < blocks; at++)
    blockQ4_K(floats + <usize>(at * 1024), packed + <usize>(at * 144));
}

export function Q5_K(blocks: i32): void {
  for (let at = 0; at < blocks; at++)
    blockQ5_K(floats + <usize>(at * 1024), packed + <usize>(at * 176));
}

export function Q6_K(blocks: i32): void {
  for (let at = 0; at < blocks; at++)
    blockQ6_K(floats + <usize>(at * 1024), packed + <usize>(at * 210));
}

/** The first `count` half floats at `packedAt()`, a multiple of 4, as floats. */
export function fromHalves(count: i32): void {
  const magnitude = i32x4.splat(0x7fff);
  const endless = i32x4.splat(0x7c00);
  const highest = i32x4.splat(0x7f800000);
  // 2¹¹²: the exponents of both kinds differ by it. Exact, for subnormal halves too.
  const up = f32x4.splat(reinterpret<f32>(0x77800000));
  for (let i: usize = 0; i < <usize>count; i += 4) {
    const half = v128.load_ext<u16>(packed + (i << 1));
    const size = v128.and(half, magnitude);
    const sign = i32x4.shl(v128.xor(half, size), 16);
    const value = f32x4.mul(i32x4.shl(size, 13), up);
    const isEndless = i32x4.ge_s(size, endless);
    const bits = v128.or(value, v128.and(highest, isEndless));
    v128.store(floats + (i << 2), v128.or(bits, sign));
  }
}
