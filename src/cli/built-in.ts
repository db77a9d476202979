import { join } from "node:path";
import { PACKAGE_ROOT } from "./package-root.ts";

/** The file that is meant: `demo` is the built-in model's. */
export function builtIn(file: string): string {
  return file === "demo" ? join(PACKAGE_ROOT, "models", "demo.gguf") : file;
}
