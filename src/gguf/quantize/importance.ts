import { open, readFile, type FileHandle } from "node:fs/promises";
import { WeirError } from "../../core/errors.ts";
import { stringAt } from "../metadata.ts";
import { type GgufFile, readGguf } from "../read-gguf.ts";

/**
 * An importance matrix: for each matrix of a model, how strongly its columns are used. Read from what
 * llama-imatrix writes: a GGUF file with sums of squares (`.in_sum2`) and how often (`.counts`), or its older .dat
 * file. Throws WeirError `invalid_config` where it is neither.
 */
export async function readImportance(path: string): Promise<Map<string, Float32Array>> {
  if (!(await isGguf(path))) return readOldImportance(path);
  const file = await readGguf(path);
  if (stringAt(file.metadata, "general.type") !== "imatrix") throw noMatrix(path);
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

function noMatrix(path: string): WeirError {
  return new WeirError(
    "invalid_config",
    `${path} is no importance matrix. Make one with llama-imatrix.`,
  );
}

async function isGguf(path: string): Promise<boolean> {
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw new WeirError("invalid_config", `${path} cannot be read; check the path.`, { cause });
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString("latin1", 0, bytesRead) === "GGUF";
  } finally {
    await handle.close();
  }
}

const MOST_ENTRIES = 100_000;
const MOST_NAME = 1024;

/** The .dat file: how many; then each one's name, how often it was seen, and its sums, all little-endian. */
async function readOldImportance(path: string): Promise<Map<string, Float32Array>> {
  const bytes = await readFile(path);
  const result = new Map<string, Float32Array>();
  let at = 0;
  const number = (most: number) => {
    const value = at + 4 <= bytes.length ? bytes.readInt32LE(at) : -1;
    if (value < 0 || value > most) throw noMatrix(path);
    at += 4;
    return value;
  };
  const take = (length: number) => {
    const piece = bytes.subarray(at, at + length);
    if (piece.length < length) throw noMatrix(path);
    at += length;
    return piece;
  };
  for (let left = number(MOST_ENTRIES); left > 0; left--) {
    const name = take(number(MOST_NAME)).toString("utf8");
    const calls = number(2 ** 31 - 1);
    const sums = new Float32Array(Uint8Array.from(take(number(2 ** 28) * 4)).buffer);
    result.set(name, calls > 0 ? sums.map((sum) => sum / calls) : sums);
  }
  if (result.size === 0) throw noMatrix(path);
  return result;
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
