import { globSync } from "node:fs";
import { formatBytes } from "../gguf/format-bytes.ts";
import { mergeModel, splitModel } from "../gguf/split-model.ts";
import { untilBrokenOff } from "./broken-off.ts";
import { builtIn } from "./built-in.ts";
import { type Terminal, UsageError, type Values, text } from "./command.ts";
import { mustBeFree } from "./free-name.ts";
import { openProgress } from "./progress.ts";
import { bytesAsked } from "./size.ts";

export const SPLIT_OPTIONS = {
  size: { type: "string", value: "SIZE", help: "split: most bytes of tensors in a part, as 4GB" },
} as const;

/** `weir model split FILE --size 4GB`: one model in several files. */
export async function split(
  file: string | undefined,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  if (file === undefined) throw new UsageError("split needs a GGUF file");
  const size = text(values, "size");
  if (size === undefined) throw new UsageError("--size SIZE is needed, as 4GB");
  const partBytes = bytesAsked(size, "size");
  const name = (text(values, "out") ?? file).replace(/\.gguf$/i, "");
  const there = globSync(`${name}-[0-9][0-9][0-9][0-9][0-9]-of-*.gguf`);
  for (const path of there) mustBeFree(path, values);
  const paths = await withProgress("Splitting", terminal, (options) =>
    splitModel(builtIn(file), name, { ...options, partBytes }),
  );
  terminal.print(values["json"] ? JSON.stringify({ parts: paths }, null, 2) : paths.join("\n"));
  return 0;
}

/** `weir model merge PART`: the parts of a model in one file. */
export async function merge(
  part: string | undefined,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  if (part === undefined) throw new UsageError("merge needs a part of a model, any of them");
  const out = text(values, "out") ?? part.replace(/-\d{5}-of-\d{5}\.gguf$/i, ".gguf");
  mustBeFree(out, values);
  await withProgress("Merging", terminal, (options) => mergeModel(part, out, options));
  terminal.print(values["json"] ? JSON.stringify({ out }, null, 2) : out);
  return 0;
}

interface Options {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, all: number) => void;
}

async function withProgress<T>(
  what: string,
  terminal: Terminal,
  work: (options: Options) => Promise<T>,
): Promise<T> {
  const progress = openProgress(what, formatBytes, terminal);
  try {
    return await untilBrokenOff((signal) => work({ signal, onProgress: progress }));
  } finally {
    progress.end();
  }
}
