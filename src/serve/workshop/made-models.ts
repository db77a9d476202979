import { WeirError } from "../../core/errors.ts";
import type { Library } from "../library/library.ts";
import { modelNameOf } from "../library/model-name.ts";
import type { ModelFile } from "./model-files.ts";

/** Models that are made here from others, on their way into the library. */

const TYPE = /([-./])(?:f16|bf16|f32|i?q\d\w*)$/i;

/** `demo` becomes `demo-Q4_0`, `org/repo/F16` becomes `org/repo/Q4_0`. */
export function madeName(name: string, suffix: string): string {
  return TYPE.test(name)
    ? name.replace(TYPE, (_, separator: string) => `${separator}${suffix}`)
    : `${name}-${suffix}`;
}

/** Throws invalid_request where it is no name, and conflict where it is taken. */
export function checkUntaken(library: Library, name: string): void {
  library.checkFree(name);
  if (!library.list().some((entry) => entry.name === name)) return;
  const text = `There is a model "${name}" already: give another name, or remove it.`;
  throw new WeirError("conflict", text, { param: "name" });
}

export interface Made {
  readonly name: string;
  readonly sha256: string;
  /** `demo as Q4_0`. */
  readonly source: string;
  readonly original: ModelFile;
  readonly at: number;
}

/** Enters what was made, under its original's licence. */
export function enterMade(library: Library, { name, sha256, source, original, at }: Made): void {
  const file = `${modelNameOf(name.replace(/^.*\//, ""))}.gguf`;
  library.add({
    name,
    source,
    original: original.name,
    license: original.license,
    pulledAt: at,
    files: [{ name: file, sha256, bytes: library.bytesOf(sha256) }],
  });
}
