import { availableParallelism } from "node:os";
import { formatBytes } from "../gguf/format-bytes.ts";
import { readImportance } from "../gguf/quantize/importance.ts";
import { MIX_NAMES, mixNamed } from "../gguf/quantize/mixes.ts";
import { type Quantized, quantizeFile } from "../gguf/quantize/quantize-file.ts";
import { locateLibrary } from "../serve/engine/library-place.ts";
import { type Kernel, openQuantizePool } from "../weir/quantize-pool.ts";
import { untilBrokenOff } from "./broken-off.ts";
import { type Terminal, UsageError, type Values, text } from "./command.ts";
import { mustBeFree } from "./free-name.ts";
import { openProgress } from "./progress.ts";
import { table } from "./table.ts";

export const QUANTIZE_OPTIONS = {
  type: {
    type: "string",
    short: "t",
    value: "TYPE",
    help: `quantize: ${MIX_NAMES.join(", ")}; convert: f32, f16, bf16, auto`,
  },
  out: {
    type: "string",
    short: "o",
    value: "FILE",
    help: "quantize, convert, split, merge: where to (beside the original)",
  },
  keep: {
    type: "string",
    multiple: true,
    value: "PATTERN",
    help: "quantize: tensors that stay as they are, as output* (may be said again)",
  },
  imatrix: { type: "string", value: "FILE", help: "quantize: an importance matrix" },
  again: { type: "boolean", help: "quantize: also what is quantized already" },
  threads: { type: "string", value: "N", help: "quantize: so many threads (all cores)" },
  kernel: {
    type: "string",
    value: "native|own",
    help: "quantize: whose code, the engine's library's (with --imatrix) or ours (without)",
  },
  force: {
    type: "boolean",
    help: "quantize, convert, split, merge: write over a file that is there",
  },
} as const;

/** `weir model quantize FILE --type Q4_K_M`: the same model in fewer bits. */
export async function quantize(path: string, values: Values, terminal: Terminal): Promise<number> {
  const named = text(values, "type");
  if (named === undefined) throw new UsageError(`--type is one of ${MIX_NAMES.join(", ")}`);
  const mix = mixNamed(named);
  const out = text(values, "out") ?? nameFor(path, mix);
  mustBeFree(out, values);
  const matrix = text(values, "imatrix");
  const importance = matrix === undefined ? undefined : await readImportance(matrix);
  const pool = openQuantizePool({
    threads: threadsOf(values),
    kernel: kernelOf(values, importance !== undefined),
  });
  const progress = openProgress(`Writing ${mix}`, formatBytes, terminal);
  const began = performance.now();
  try {
    const done = await untilBrokenOff((signal) =>
      quantizeFile(path, out, {
        mix,
        pool,
        keep: listOf(values["keep"]),
        ...(importance && { importance }),
        again: values["again"] === true,
        signal,
        onProgress: progress,
      }),
    );
    progress.end();
    show(
      { ...done, out, seconds: (performance.now() - began) / 1000, kernel: pool.kernel },
      values,
      terminal,
    );
    return 0;
  } finally {
    progress.end();
    await pool.close();
  }
}

/** `model-f16.gguf` becomes `model-Q4_K_M.gguf`. */
function nameFor(path: string, mix: string): string {
  const base = path.replace(/\.gguf$/i, "").replace(/[-.](f16|bf16|f32|q\d[\w]*)$/i, "");
  return `${base}-${mix}.gguf`;
}

function threadsOf(values: Values): number {
  const asked = text(values, "threads");
  if (asked === undefined) return availableParallelism();
  const threads = Number(asked);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 256) return threads;
  throw new UsageError(`--threads is a number from 1 to 256, not "${asked}"`);
}

/** Says so before it begins where the library is needed and is not there. */
function kernelOf(values: Values, hasImportance: boolean): Kernel {
  const asked = text(values, "kernel") ?? (hasImportance ? "native" : "own");
  if (asked === "native") locateLibrary();
  if (asked === "native" || asked === "own") return asked;
  throw new UsageError(`--kernel is native or own, not "${asked}"`);
}

function listOf(value: Values[string]): string[] {
  return (Array.isArray(value) ? value : []).map(String);
}

interface Done extends Quantized {
  readonly out: string;
  readonly seconds: number;
  readonly kernel: Kernel;
}

function show(done: Done, values: Values, { print }: Terminal): void {
  const { tensors, bytesBefore, bytesAfter, out, seconds, kernel } = done;
  const types = new Map<string, { tensors: number; bytes: number }>();
  for (const { tensor, type } of tensors) {
    const one = types.get(type.name) ?? { tensors: 0, bytes: 0 };
    const values = tensor.dimensions.reduce((product, size) => product * size, 1);
    one.tensors += 1;
    one.bytes += (values / type.blockSize) * type.blockBytes;
    types.set(type.name, one);
  }
  if (values["json"]) {
    const byType = Object.fromEntries(types);
    print(
      JSON.stringify({ out, bytesBefore, bytesAfter, seconds, kernel, types: byType }, null, 2),
    );
    return;
  }
  const share = ((bytesAfter / bytesBefore) * 100).toFixed(0);
  print(
    `${out}: ${formatBytes(bytesAfter)}, ${share} % of ${formatBytes(bytesBefore)}, in ${seconds.toFixed(1)} s`,
  );
  const rows = [...types].map(([name, one]) => [name, String(one.tensors), formatBytes(one.bytes)]);
  print(table(["type", "tensors", "bytes"], rows));
}
