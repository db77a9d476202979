import { basename, dirname, join, resolve } from "node:path";
import { type Converted, convertCheckpoint } from "../gguf/convert/convert-checkpoint.ts";
import type { FloatType } from "../gguf/convert/tensor-data.ts";
import { formatBytes } from "../gguf/format-bytes.ts";
import { untilBrokenOff } from "./broken-off.ts";
import { type Terminal, UsageError, type Values, text } from "./command.ts";
import { mustBeFree } from "./free-name.ts";
import { openProgress } from "./progress.ts";

export const CONVERT_OPTIONS = {
  name: {
    type: "string",
    value: "NAME",
    help: "convert: what the model calls itself (its folder)",
  },
  pre: { type: "string", value: "NAME", help: "convert: how texts are cut, as llama.cpp names it" },
} as const;

const TYPES: Readonly<Record<string, FloatType | "auto">> = {
  F32: "F32",
  F16: "F16",
  BF16: "BF16",
  AUTO: "auto",
};

/** `weir model convert FOLDER`: a checkpoint of safetensors as one GGUF file. */
export async function convert(
  folder: string | undefined,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  if (folder === undefined)
    throw new UsageError("convert needs the folder that config.json and the weights are in");
  const type = typeNamed(text(values, "type") ?? "auto");
  const progress = openProgress("Converting", formatBytes, terminal);
  let out = "";
  const began = performance.now();
  try {
    const done = await untilBrokenOff((signal) => {
      const to = (made: FloatType) => (out = target(folder, made, values));
      const [name, pre] = [text(values, "name"), text(values, "pre")];
      return convertCheckpoint(folder, to, { type, name, pre, signal, onProgress: progress });
    });
    progress.end();
    show({ ...done, out, seconds: (performance.now() - began) / 1000 }, values, terminal);
    return 0;
  } finally {
    progress.end();
  }
}

function typeNamed(asked: string): FloatType | "auto" {
  const type = TYPES[asked.toUpperCase()];
  if (type) return type;
  throw new UsageError(
    `--type is f32, f16, bf16 or auto here, not "${asked}"; weir model quantize makes the others from the result`,
  );
}

/** `models/Qwen3-0.6B` becomes `models/Qwen3-0.6B-BF16.gguf`. */
function target(folder: string, type: FloatType, values: Values): string {
  const full = resolve(folder);
  const out = text(values, "out") ?? join(dirname(full), `${basename(full)}-${type}.gguf`);
  mustBeFree(out, values);
  return out;
}

interface Done extends Converted {
  readonly out: string;
  readonly seconds: number;
}

function show(done: Done, values: Values, { print }: Terminal): void {
  if (values["json"]) {
    print(JSON.stringify(done, null, 2));
    return;
  }
  const { architecture, type, tensors, bytesAfter, out, seconds, notes, suspicious } = done;
  print(
    `${out}: ${architecture}, ${tensors} tensors, ${type}, ${formatBytes(bytesAfter)}, in ${seconds.toFixed(1)} s`,
  );
  for (const note of notes) print(`note: ${note}`);
  for (const fault of suspicious) print(`suspicious: ${fault}`);
}
