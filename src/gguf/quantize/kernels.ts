import { KERNEL_BYTES } from "./kernel-bytes.ts";

/** The types that the kernels write. */
export const KERNEL_TYPES = [
  "Q8_0",
  "Q4_0",
  "Q4_1",
  "Q5_0",
  "Q5_1",
  "Q2_K",
  "Q3_K",
  "Q4_K",
  "Q5_K",
  "Q6_K",
] as const;

export type KernelType = (typeof KERNEL_TYPES)[number];

/**
 * Compiled code and its memory: a room of floats, and one of the same values as a file has them. Bit for bit
 * what ggml's reference writes on x86-64, on every processor: four groups of a block are worked on side by
 * side, so that each is added up in the reference's order. The source is `tools/quantize-kernels/assembly`.
 */
export interface Kernels {
  readonly floats: Float32Array;
  readonly packed: Uint8Array;
  /** Writes the first `blocks` blocks of `floats` to `packed`. */
  readonly pack: Readonly<Record<KernelType, (blocks: number) => void>>;
  /** Reads the first `count` half floats of `packed` into `floats`; a multiple of 4. */
  readonly fromHalves: (count: number) => void;
}

interface Exports extends Record<KernelType, (blocks: number) => void> {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly mostValues: { readonly value: number };
  floatsAt(): number;
  packedAt(): number;
  readonly fromHalves: (count: number) => void;
}

/** The part of WebAssembly that is used here; TypeScript knows the whole only with a browser's types. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
}

const { Instance, Module } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly; // every Node has it

let bound: Kernels | undefined;

/** The kernels of this thread. */
export function kernels(): Kernels {
  bound ??= bind();
  return bound;
}

function bind(): Kernels {
  const { exports: code } = new Instance(new Module(Buffer.from(KERNEL_BYTES, "base64")));
  const { buffer } = code.memory;
  const most = code.mostValues.value;
  return {
    floats: new Float32Array(buffer, code.floatsAt(), most),
    packed: new Uint8Array(buffer, code.packedAt(), most * 2),
    pack: code,
    fromHalves: code.fromHalves,
  };
}
