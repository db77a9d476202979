import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileKernels } from "./compile.ts";

/** `node tools/quantize-kernels/build.ts`: compiles `assembly/` into the file that ships. */
const target = join(import.meta.dirname, "../../src/gguf/quantize/kernel-bytes.ts");
const bytes = Buffer.from(await compileKernels());
writeFileSync(
  target,
  `/** WebAssembly made from tools/quantize-kernels/assembly by tools/quantize-kernels/build.ts; base64. */
export const KERNEL_BYTES =
  "${bytes.toString("base64")}";
`,
);
process.stdout.write(`${target}: ${bytes.length} bytes of WebAssembly\n`);
