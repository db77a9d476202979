import { join } from "node:path";

const SOURCE = join(import.meta.dirname, "assembly/index.ts");
const PAGE_BYTES = 65_536;
const MOST_PAGES = 16_384;

/** The part of WebAssembly that is used here; TypeScript knows the whole only with a browser's types. */
interface WebAssemblyApi {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory;
  readonly Module: new (bytes: Uint8Array) => KernelModule;
  readonly Instance: new (
    module: KernelModule,
    imports: { env: { memory: SharedMemory; abort: () => never } },
  ) => { readonly exports: Kernels };
}

export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

/** Compiled code that threads may hand each other. */
export type KernelModule = object;

const { Instance, Memory, Module } = (globalThis as unknown as { WebAssembly: WebAssemblyApi })
  .WebAssembly; // every Node has it

/** Addresses and sizes are bytes and counts in the shared memory; see `assembly/` for each kernel. */
type Kernel = (...numbers: number[]) => number;

const NAMES = [
  "adam",
  "add",
  "attentionBackward",
  "attentionForward",
  "crossEntropy",
  "gateBackward",
  "gateForward",
  "gather",
  "multiply",
  "multiplyOuter",
  "multiplyTransposed",
  "normBackward",
  "normForward",
  "rotate",
  "scatter",
  "squares",
] as const;

export type Kernels = Readonly<Record<(typeof NAMES)[number], Kernel>>;

/** Compiles the kernels from AssemblyScript. Takes a second or two. */
export async function compileKernels(): Promise<KernelModule> {
  const { default: asc } = await import("assemblyscript/asc");
  const wasm: Uint8Array[] = [];
  const complaints: string[] = [];
  const { error } = await asc.main(
    [
      SOURCE,
      "--optimizeLevel=3",
      "--runtime=stub",
      "--importMemory",
      "--sharedMemory",
      "--initialMemory=1",
      `--maximumMemory=${MOST_PAGES}`,
      "--enable=simd,relaxed-simd,threads",
      "--disableWarning=201",
      "--outFile=kernels.wasm",
    ],
    {
      writeFile: (_, contents) => void wasm.push(Buffer.from(contents)),
      stderr: { write: (text) => void complaints.push(String(text)) },
    },
  );
  const [bytes] = wasm;
  if (error || !bytes)
    throw new Error(`the kernels do not compile: ${complaints.join("")}`, { cause: error });
  return new Module(bytes);
}

/** Binds compiled kernels to a memory; every thread binds its own to the same one. */
export function bindKernels(module: KernelModule, memory: SharedMemory): Kernels {
  return new Instance(module, { env: { memory, abort: fail } }).exports;
}

function fail(): never {
  throw new Error("a kernel aborted");
}

export type Arena = ReturnType<typeof createArena>;

/** Memory that all threads see, given out once and never taken back. */
export function createArena(bytes: number) {
  const initial = Math.ceil(bytes / PAGE_BYTES) + 2;
  const memory = new Memory({ initial, maximum: MOST_PAGES, shared: true });
  // The first page is the kernels' own: it holds their constant tables.
  let used = PAGE_BYTES;
  return {
    memory,
    /** The address of room for this many 4-byte numbers, on a 64-byte boundary. */
    take(numbers: number): number {
      const at = used;
      used += Math.ceil((numbers * 4) / 64) * 64;
      if (used > memory.buffer.byteLength) throw new Error("the arena is too small");
      return at;
    },
  };
}

/** `count` floats at an address. */
export function floatsAt(memory: SharedMemory, at: number, count: number): Float32Array {
  return new Float32Array(memory.buffer, at, count);
}

/** `count` whole numbers at an address. */
export function wordsAt(memory: SharedMemory, at: number, count: number): Uint32Array {
  return new Uint32Array(memory.buffer, at, count);
}
