/* oxlint-disable max-params -- AssemblyScript: kernels take pointers and sizes */

/**
 * The three matrix products of training, on row-major float matrices. Each keeps eight vector
 * accumulators in registers; loops are blocked so that what is read again stays in the first cache.
 */

/** Rows of A that are worked on together in `multiplyTransposed`. */
const ROWS: u32 = 16;
/** Rows that one pass of `multiplyOuter` sums over. */
const DEPTH: u32 = 256;

function fma(sum: v128, a: v128, b: v128): v128 {
  return f32x4.relaxed_madd(a, b, sum);
}

function total(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** C[m,n] = A[m,k] · B[n,k]ᵀ. n and k are multiples of 4. */
export function multiplyTransposed(c: usize, a: usize, b: usize, m: u32, n: u32, k: u32): void {
  for (let block: u32 = 0; block < m; block += ROWS) {
    const end = min(block + ROWS, m);
    for (let j: u32 = 0; j < n; j += 4) {
      for (let i = block; i < end; i += 2) {
        // A last odd row is computed twice into the same place.
        const i1 = min(i + 1, m - 1);
        tileTransposed(
          c + ((i * n + j) << 2),
          c + ((i1 * n + j) << 2),
          a + ((i * k) << 2),
          a + ((i1 * k) << 2),
          b + ((j * k) << 2),
          k,
        );
      }
    }
  }
}

function tileTransposed(c0: usize, c1: usize, a0: usize, a1: usize, b: usize, k: u32): void {
  const row = (<usize>k) << 2;
  let s00 = f32x4.splat(0),
    s01 = f32x4.splat(0),
    s02 = f32x4.splat(0),
    s03 = f32x4.splat(0);
  let s10 = f32x4.splat(0),
    s11 = f32x4.splat(0),
    s12 = f32x4.splat(0),
    s13 = f32x4.splat(0);
  for (let p: usize = 0; p < row; p += 16) {
    const x0 = v128.load(a0 + p);
    const x1 = v128.load(a1 + p);
    let y = v128.load(b + p);
    s00 = fma(s00, x0, y);
    s10 = fma(s10, x1, y);
    y = v128.load(b + row + p);
    s01 = fma(s01, x0, y);
    s11 = fma(s11, x1, y);
    y = v128.load(b + 2 * row + p);
    s02 = fma(s02, x0, y);
    s12 = fma(s12, x1, y);
    y = v128.load(b + 3 * row + p);
    s03 = fma(s03, x0, y);
    s13 = fma(s13, x1, y);
  }
  v128.store(c0, f32x4(total(s00), total(s01), total(s02), total(s03)));
  v128.store(c1, f32x4(total(s10), total(s11), total(s12), total(s13)));
}

/** C[m,n] += A[m,k] · B[k,n]. n is a multiple of 16; `room` holds 256 × 16 floats. */
export function multiply(c: usize, a: usize, b: usize, m: u32, n: u32, k: u32, room: usize): void {
  for (let block: u32 = 0; block < k; block += DEPTH) {
    const depth = min(DEPTH, k - block);
    for (let j: u32 = 0; j < n; j += 16) {
      pack(room, b + ((block * n + j) << 2), depth, n, 64);
      for (let i: u32 = 0; i < m; i += 2) {
        const i1 = min(i + 1, m - 1);
        const to = c + ((i * n + j) << 2);
        const from = a + ((i * k + block) << 2);
        tile(to, to + (((i1 - i) * n) << 2), from, ((i1 - i) * k) << 2, 4, room, depth);
      }
    }
  }
}

/**
 * C[m,n] += A[k,m]ᵀ · B[k,n]. m is even, n a multiple of 16; `room` holds 256 × (16 + m) floats.
 */
export function multiplyOuter(
  c: usize,
  a: usize,
  b: usize,
  m: u32,
  n: u32,
  k: u32,
  room: usize,
): void {
  const columns = room + DEPTH * 64;
  for (let block: u32 = 0; block < k; block += DEPTH) {
    const depth = min(DEPTH, k - block);
    for (let i: u32 = 0; i < m; i += 2)
      pack(columns + ((i * depth) << 2), a + ((block * m + i) << 2), depth, m, 8);
    for (let j: u32 = 0; j < n; j += 16) {
      pack(room, b + ((block * n + j) << 2), depth, n, 64);
      for (let i: u32 = 0; i < m; i += 2) {
        const to = c + ((i * n + j) << 2);
        tile(to, to + (n << 2), columns + ((i * depth) << 2), 4, 8, room, depth);
      }
    }
  }
}

/**
 * Copies `bytes` of each of `depth` rows to one place without gaps: rows that lie a power of two
 * apart would push each other out of the cache.
 */
function pack(to: usize, from: usize, depth: u32, width: u32, bytes: u32): void {
  const row = (<usize>width) << 2;
  if (bytes === 8) {
    for (const end = to + depth * 8; to < end; to += 8) {
      store<u64>(to, load<u64>(from));
      from += row;
    }
    return;
  }
  for (const end = to + depth * 64; to < end; to += 64) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
    from += row;
  }
}

/**
 * Two rows of sixteen sums. `secondA` leads from a factor of the first row to that of the second,
 * `stepA` to the next factor; B's rows are packed.
 */
function tile(
  c0: usize,
  c1: usize,
  a: usize,
  secondA: usize,
  stepA: usize,
  b: usize,
  k: u32,
): void {
  let s00 = v128.load(c0);
  let s01 = v128.load(c0, 16);
  let s02 = v128.load(c0, 32);
  let s03 = v128.load(c0, 48);
  let s10 = v128.load(c1);
  let s11 = v128.load(c1, 16);
  let s12 = v128.load(c1, 32);
  let s13 = v128.load(c1, 48);
  for (const end = b + ((<usize>k) << 6); b < end; b += 64) {
    const x0 = v128.load32_splat(a);
    const x1 = v128.load32_splat(a + secondA);
    let y = v128.load(b);
    s00 = fma(s00, x0, y);
    s10 = fma(s10, x1, y);
    y = v128.load(b, 16);
    s01 = fma(s01, x0, y);
    s11 = fma(s11, x1, y);
    y = v128.load(b, 32);
    s02 = fma(s02, x0, y);
    s12 = fma(s12, x1, y);
    y = v128.load(b, 48);
    s03 = fma(s03, x0, y);
    s13 = fma(s13, x1, y);
    a += stepA;
  }
  v128.store(c0, s00);
  v128.store(c0, s01, 16);
  v128.store(c0, s02, 32);
  v128.store(c0, s03, 48);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c1, s12, 32);
  v128.store(c1, s13, 48);
}
