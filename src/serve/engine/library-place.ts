import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { WeirError } from "../../core/errors.ts";

/** Where a build of llama.cpp lies, and which one it is. */
export interface LibraryPlace {
  /** `linux-x64`, `linux-x64-cuda`, … */
  readonly build: string;
  readonly folder: string;
  /** Whether it can compute on a GPU. */
  readonly usesGpu: boolean;
}

/** Builds that can use a GPU come first: where one is installed, somebody wanted it. */
const VARIANTS = ["-cuda", "-vulkan", "-metal", ""];

/** Where the packages' names for a system are not Node's. */
const SYSTEMS: ReadonlyMap<string, string> = new Map([
  ["darwin", "mac"],
  ["win32", "win"],
]);

/** Finds the installed build for this machine. Throws `model_unavailable` that names the package. */
export function locateLibrary(platform = process.platform, arch = process.arch): LibraryPlace {
  const require = createRequire(import.meta.url);
  const system = SYSTEMS.get(platform) ?? platform;
  for (const variant of VARIANTS) {
    const build = `${system}-${arch}${variant}`;
    const folder = folderOf(require, build);
    if (folder !== undefined) return { build, folder, usesGpu: variant !== "" };
  }
  throw new WeirError(
    "model_unavailable",
    `The embedded engine has no library for ${platform} ${arch}. Install it with: ` +
      `npm install @node-llama-cpp/${system}-${arch}@3.22.1`,
  );
}

function folderOf(require: NodeJS.Require, build: string): string | undefined {
  for (const root of require.resolve.paths("@node-llama-cpp/x") ?? []) {
    const folder = join(root, "@node-llama-cpp", build, "bins", build);
    if (existsSync(folder)) return folder;
  }
  return undefined;
}
