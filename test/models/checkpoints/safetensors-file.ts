import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Safetensors as their makers write them, byte by byte. */

export type Dtype = "F32" | "F16" | "BF16";

/** A tensor in memory: outermost dimension first, values already as exact as the type on disk. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly dtype: Dtype;
}

export type Tensors = ReadonlyMap<string, Tensor>;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest value that the type has, as PyTorch rounds it. */
export function rounded(value: number, dtype: Dtype): number {
  if (dtype === "F32") return Math.fround(value);
  if (dtype === "F16") return Math.f16round(value);
  float[0] = value;
  const word = bits[0] ?? 0;
  bits[0] = ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) << 16;
  return float[0] ?? 0;
}

function encode({ values, dtype }: Tensor): Uint8Array {
  if (dtype === "F32") return new Uint8Array(values.buffer);
  if (dtype === "F16") return new Uint8Array(Float16Array.from(values).buffer);
  const words = Uint16Array.from(values, (value) => {
    float[0] = value;
    return (bits[0] ?? 0) >>> 16;
  });
  return new Uint8Array(words.buffer);
}

interface HeaderEntry {
  dtype: string;
  shape: readonly number[];
  data_offsets: [number, number];
}

export type Header = Record<string, HeaderEntry>;

/** The bytes of a file; `change` may make its header lie. */
export function safetensors(tensors: Tensors, change?: (header: Header) => unknown): Buffer {
  const header: Header = {};
  const data: Uint8Array[] = [];
  let at = 0;
  for (const [name, tensor] of tensors) {
    const bytes = encode(tensor);
    header[name] = {
      dtype: tensor.dtype,
      shape: tensor.shape,
      data_offsets: [at, at + bytes.length],
    };
    data.push(bytes);
    at += bytes.length;
  }
  const text = Buffer.from(JSON.stringify(change ? change(header) : header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...data]);
}

/** In one file, or spread over several with an index. */
export function writeWeights(folder: string, tensors: Tensors, parts = 1): void {
  if (parts === 1) {
    writeFileSync(join(folder, "model.safetensors"), safetensors(tensors));
    return;
  }
  const map: Record<string, string> = {};
  const shards = Array.from({ length: parts }, () => new Map<string, Tensor>());
  for (const [at, [name, tensor]] of [...tensors].entries()) {
    const part = at % parts;
    shards[part]?.set(name, tensor);
    map[name] = shardName(part, parts);
  }
  for (const [part, shard] of shards.entries())
    writeFileSync(join(folder, shardName(part, parts)), safetensors(shard));
  const index = { metadata: {}, weight_map: map };
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify(index));
}

function shardName(part: number, parts: number): string {
  const number = (value: number) => String(value).padStart(5, "0");
  return `model-${number(part + 1)}-of-${number(parts)}.safetensors`;
}
