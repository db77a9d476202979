/** The sizes of a Llama-architecture model and the order of its parameters in memory. */
export interface Shape {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly feedForward: number;
  readonly context: number;
}

/** Fixed by the attention kernel. */
export const HEAD = 32;
export const ROPE_BASE = 10_000;

/** One named matrix or vector: `rows` outputs of `columns` inputs, GGUF's own names. */
export interface Parameter {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Position in the block of all parameters, in numbers. */
  readonly offset: number;
  /** Norms: start at one, do not decay, stay full floats in the file. */
  readonly isNorm: boolean;
  /** Standard deviation at the start. */
  readonly spread: number;
}

/** All parameters, matrices first, then norms, so that each kind is one range. */
export function parametersOf(shape: Shape): Parameter[] {
  const { hidden, feedForward, layers, vocabulary } = shape;
  const kv = shape.kvHeads * HEAD;
  const output = 0.02 / Math.sqrt(2 * layers);
  const matrices = Array.from({ length: layers }, (_, layer) => [
    { name: `blk.${layer}.attn_q.weight`, rows: hidden, columns: hidden, spread: 0.02 },
    { name: `blk.${layer}.attn_k.weight`, rows: kv, columns: hidden, spread: 0.02 },
    { name: `blk.${layer}.attn_v.weight`, rows: kv, columns: hidden, spread: 0.02 },
    { name: `blk.${layer}.attn_output.weight`, rows: hidden, columns: hidden, spread: output },
    { name: `blk.${layer}.ffn_gate.weight`, rows: feedForward, columns: hidden, spread: 0.02 },
    { name: `blk.${layer}.ffn_up.weight`, rows: feedForward, columns: hidden, spread: 0.02 },
    { name: `blk.${layer}.ffn_down.weight`, rows: hidden, columns: feedForward, spread: output },
  ]).flat();
  const norms = Array.from({ length: layers }, (_, layer) => [
    `blk.${layer}.attn_norm.weight`,
    `blk.${layer}.ffn_norm.weight`,
  ]).flat();
  let offset = 0;
  return [
    { name: "token_embd.weight", rows: vocabulary, columns: hidden, spread: 0.02 },
    ...matrices,
    ...[...norms, "output_norm.weight"].map((name) => ({
      name,
      rows: 1,
      columns: hidden,
      spread: 0,
    })),
  ].map((parameter) => {
    const at = offset;
    offset += parameter.rows * parameter.columns;
    return { ...parameter, offset: at, isNorm: parameter.rows === 1 };
  });
}

export function parameterCount(shape: Shape): number {
  return parametersOf(shape).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
}
