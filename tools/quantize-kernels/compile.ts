import { join } from "node:path";
import { main } from "assemblyscript/asc";

/** The kernels of `assembly/`, compiled. The same source gives the same bytes. */
export async function compileKernels(): Promise<Uint8Array> {
  const written: Uint8Array[] = [];
  const complaints: string[] = [];
  const { error } = await main(
    [
      join(import.meta.dirname, "assembly/index.ts"),
      "--optimizeLevel=3",
      "--converge",
      "--runtime=stub",
      "--noAssert",
      "--enable=simd",
      "--disableWarning=112",
      "--disableWarning=201",
      "--outFile=kernels.wasm",
    ],
    {
      writeFile: (_, contents) => void written.push(Buffer.from(contents)),
      stderr: { write: (text) => void complaints.push(String(text)) },
    },
  );
  const [bytes] = written;
  if (error || !bytes)
    throw new Error(`the kernels do not compile: ${complaints.join("")}`, { cause: error });
  return bytes;
}
