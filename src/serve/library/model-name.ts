import { WeirError } from "../../core/errors.ts";

const NAME = /^[\w@+][\w.@+-]*(?:\/[\w@+][\w.@+-]*){0,4}$/;
const MOST_CHARS = 160;

/** What a model may be called: words of letters and digits between slashes, as `org/repo/Q4_K_M`. Throws invalid_request. */
export function checkModelName(name: string): void {
  if (NAME.test(name) && name.length <= MOST_CHARS) return;
  throw new WeirError(
    "invalid_request",
    `"${name.slice(0, MOST_CHARS)}" is no name for a model: letters, digits and ._@+- between up to four slashes.`,
    { param: "name" },
  );
}

/** A name made from what a file is called. */
export function modelNameOf(file: string): string {
  const words = file.replace(/\.gguf$/i, "").replaceAll(/[^\w.@+-]+/g, "-");
  return words.replace(/^[^\w@+]+/, "").slice(0, MOST_CHARS) || "model";
}
