/** Writes one block: `values` from index `from` on, into `out` from byte `at` on. */
export type QuantizeBlock = (values: Float32Array, from: number, out: DataView, at: number) => void;
