import koffi from "koffi";
import type { Pointer } from "./layout.ts";
import type { Llama } from "./library.ts";

/** The logits of one output of the last batch: a view of the library's memory until the next one. */
export function logitsOf(
  llama: Llama,
  context: Pointer,
  { output, size }: { output: number; size: number },
): Float32Array {
  const row = llama.logits(context, output);
  if (row === null) throw new Error(`the batch has no output ${output}`);
  return new Float32Array(koffi.view(row, size * Float32Array.BYTES_PER_ELEMENT));
}
