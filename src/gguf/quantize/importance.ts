import { open, type FileHandle } from "node:fs/promises";
import { WeirError } from "../../core/errors.ts";
import { stringAt } from "../metadata.ts";
import { type GgufFile, readGguf } from "../read-gguf.ts";

/**
 * An importance matrix: for each matrix of a model, how strongly its columns are used. Read from the GGUF
 * that llama-imatrix writes: sums of squares with the suffix `.in_sum2`, and how often, `.counts`.
 * Throws WeirError `invalid_config` where it is no such file.
 */
export async function readImportance(path: string): Promise<Map<string, Float32Array>> {
  const file = await readGguf(path);
  if (stringAt(file.metadata, "general.type") !== "imatrix") {
    throw new WeirError(
      "invalid_config",
      `${path} is no importance matrix. Make one with llama-imatrix; its older .dat format is not read.`,
    );
  }
  const handle = await open(path, "r");
  try {
    const result = new Map<string, Float32Array>();
    for (const { name } of file.tensors) {
      const matrix = /^(.+)\.in_sum2$/.exec(name)?.[1];
      if (matrix !== undefined) result.set(matrix, await meansOf(matrix, file, handle));
    }
    return result;
  } finally {
    await handle.close();
  }
}

async function meansOf(matrix: string, file: GgufFile, handle: FileHandle): Promise<Float32Array> {
  const sums = await floatsOf(`${matrix}.in_sum2`, file, handle);
  const counts = await floatsOf(`${matrix}.counts`, file, handle);
  const columns = sums.length / counts.length;
  return sums.map((sum, at) => {
    const count = counts[Math.floor(at / columns)] ?? 0;
    // What was never used is as important as anything.
    return count > 0 ? sum / count : 1;
  });
}

async function floatsOf(name: string, file: GgufFile, handle: FileHandle): Promise<Float32Array> {
  const tensor = file.tensors.find((one) => one.name === name);
  if (tensor?.type.name !== "F32") {
    throw new WeirError("invalid_config", `${file.path} has no ${name} in F32; make it again.`);
  }
  const values = new Float32Array(tensor.bytes / 4);
  const bytes = new Uint8Array(values.buffer);
  await handle.read(bytes, 0, bytes.length, tensor.offset);
  return values;
}
