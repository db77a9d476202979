import { expect, it } from "vitest";
import { KERNEL_BYTES } from "../../src/gguf/quantize/kernel-bytes.ts";
import { compileKernels } from "./compile.ts";

it("ships what its source compiles to (or else: node tools/quantize-kernels/build.ts)", async () => {
  const compiled = Buffer.from(await compileKernels());
  expect(compiled.equals(Buffer.from(KERNEL_BYTES, "base64"))).toBe(true);
});
