import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WeirError } from "../core/errors.ts";

/** The folder of this release: the repository, or the installed package. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const VERSION = readVersion();

function readVersion(): string {
  const text = readFileSync(join(ROOT, "package.json"), "utf8");
  const { version } = JSON.parse(text) as { version?: string }; // our own file
  if (version === undefined) throw new WeirError("internal", "package.json names no version");
  return version;
}
