import { encodeHalves } from "../half-float.ts";
import { dequantize } from "./dequantize.ts";
import { quantizeRows } from "./quantize-rows.ts";

/** Some rows of a tensor, to be stored in another type. */
export interface RowsJob {
  readonly bytes: Uint8Array;
  readonly from: string;
  readonly to: string;
  /** Values a row. */
  readonly rowLength: number;
  /** How much each column matters, where that is known. */
  readonly importance?: Float32Array | undefined;
}

/** Writes whole rows in a type. Throws RangeError where it cannot. */
export type QuantizeRows = (
  values: Float32Array,
  type: string,
  options: { readonly rowLength: number; readonly importance?: Float32Array | undefined },
) => Uint8Array;

/** Our own code: every type that it has, without an importance matrix. */
export const ownRows: QuantizeRows = (values, type, { importance }) => {
  if (importance) throw new RangeError(`${type} by importance needs the engine's library`);
  return quantizeRows(values, type);
};

/** The rows in their new type. Throws RangeError for types that cannot be read or written. */
export function requantize({ bytes, from, to, ...options }: RowsJob, rows = ownRows): Uint8Array {
  const values = dequantize(bytes, from);
  if (to === "F32") return new Uint8Array(values.buffer);
  if (to === "F16") return encodeHalves(values);
  if (to === "BF16") return encodeBrain(values);
  return rows(values, to, options);
}

/** The upper half of a float, rounded to the nearest, ties to even. */
function encodeBrain(values: Float32Array): Uint8Array {
  const words = new Uint32Array(values.buffer);
  const out = new Uint16Array(words.length);
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? 0;
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    out[at] = isNaN ? (word >>> 16) | 64 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(out.buffer);
}
