import { readdirSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import type { QuantizeRows } from "../../gguf/quantize/requantize.ts";
import { tensorBytes, tensorTypeByName } from "../../gguf/tensor-types.ts";
import { locateLibrary } from "./library-place.ts";

type Chunk = (
  ...values: [
    type: number,
    values: Float32Array,
    out: Uint8Array,
    start: number,
    rows: number,
    rowLength: number,
    importance: Float32Array | null,
  ]
) => number;

/** The engine's own quantizer, for all its types. Throws `model_unavailable` where there is no library. */
export function nativeRows(place = locateLibrary()): QuantizeRows {
  const file = readdirSync(place.folder).find((name) => /^(lib)?ggml-base\./.test(name));
  if (file === undefined) throw new Error(`there is no ggml-base library in ${place.folder}`);
  const library = koffi.load(join(place.folder, file), { global: true });
  const quantize = library.func(
    "size_t ggml_quantize_chunk(int type, const float *src, void *dst, int64_t start, int64_t nrows, int64_t n_per_row, const float *imatrix)",
  ) as Chunk;
  return (values, name, { rowLength, importance }) => {
    const type = tensorTypeByName(name);
    if (!type) throw new RangeError(`${name} cannot be written`);
    const out = new Uint8Array(tensorBytes(type, [values.length]));
    const rows = values.length / rowLength;
    const written = quantize(type.id, values, out, 0, rows, rowLength, importance ?? null);
    if (written !== out.length) throw new RangeError(`${name}: ${written} bytes were written`);
    return out;
  };
}
