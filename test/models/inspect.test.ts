import { readFileSync, renameSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { SHAPES, writeRandomModel } from "../../bench/engine/random-model.ts";
import { type MetadataEntry, string, uint32 } from "../../src/gguf/metadata.ts";
import { quantizeFile } from "../../src/gguf/quantize/quantize-file.ts";
import { readGguf } from "../../src/gguf/read-gguf.ts";
import { readModel } from "../../src/gguf/read-model.ts";
import { type TensorSource, writeGguf } from "../../src/gguf/write-gguf.ts";
import { openQuantizePool } from "../../src/weir/quantize-pool.ts";
import { weir } from "../support/process.ts";
import { temporaryFolder } from "../support/server.ts";

/** What a model is, by its headers: in one file, in parts, and on a server. */

const DEMO = join(import.meta.dirname, "..", "..", "models", "demo.gguf");

async function inspect(...args: string[]) {
  const asked = weir(["model", "inspect", ...args]);
  return { code: await asked.ended, output: asked.output() };
}

const partName = (at: number, count: number) =>
  `model-${String(at + 1).padStart(5, "0")}-of-${String(count).padStart(5, "0")}.gguf`;

/** The same model in so many parts. */
async function splitModel(path: string, folder: string, count: number): Promise<string> {
  const { metadata, tensors } = await readGguf(path);
  const bytes = readFileSync(path);
  const all = tensors.map(({ name, dimensions, type, offset, bytes: size }): TensorSource => ({
    name,
    dimensions,
    type: type.name,
    data: bytes.subarray(offset, offset + size),
  }));
  for (let at = 0; at < count; at++) {
    const marks: [string, MetadataEntry][] = [
      ["split.no", uint32(at)],
      ["split.count", uint32(count)],
      ["split.tensors.count", uint32(all.length)],
    ];
    const own: [string, MetadataEntry][] =
      at === 0 ? [...metadata] : [["general.architecture", string("llama")]];
    await writeGguf(join(folder, partName(at, count)), {
      metadata: new Map([...own, ...marks]),
      tensors: all.filter((_, index) => index % count === at),
    });
  }
  return join(folder, partName(0, count));
}

it("says what is in a file, by type and tensor by tensor", async () => {
  const shown = await inspect("demo", "--tensors");
  expect(shown.output).toMatch(/^Q8_0 +29 +1,9\d\d,\d{3} +2\.1 MB$/m);
  expect(shown.output).toMatch(/^token_embd\.weight +Q8_0 +192 × 2048 +\d/m);
  const json = JSON.parse((await inspect("demo", "--tensors", "--json")).output) as {
    tensors: { name: string; type: string }[];
    types: { type: string }[];
  };
  expect(json.types.map(({ type }) => type)).toEqual(["Q8_0", "F32"]);
  expect(json.tensors).toContainEqual(
    expect.objectContaining({ name: "output_norm.weight", type: "F32" }),
  );
});

it("reads a model in parts as one, and quantizes it to the same file", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "whole.gguf");
  await writeRandomModel(path, SHAPES.tiny);
  const first = await splitModel(path, folder, 3);
  const { parts, whole } = await readModel(join(folder, partName(1, 3)));
  expect(parts).toHaveLength(3);
  expect(whole.tensors).toHaveLength((await readGguf(path)).tensors.length);
  expect((await inspect(first)).output).toMatch(/^file +[\d.]+ kB, 3 parts$/m);
  const pool = openQuantizePool({ threads: 1 });
  onTestFinished(() => pool.close());
  const [fromParts, fromWhole] = [join(folder, "a.gguf"), join(folder, "b.gguf")];
  await quantizeFile(first, fromParts, { mix: "Q4_0", pool, again: true });
  await quantizeFile(path, fromWhole, { mix: "Q4_0", pool, again: true });
  expect(readFileSync(fromParts).equals(readFileSync(fromWhole))).toBe(true);
});

it("says which part is missing, or out of its place", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "whole.gguf");
  await writeRandomModel(path, SHAPES.tiny);
  const first = await splitModel(path, folder, 3);
  const [second, third] = [join(folder, partName(1, 3)), join(folder, partName(2, 3))];
  renameSync(third, join(folder, "kept"));
  await expect(readModel(first)).rejects.toThrow(/00003-of-00003\.gguf does not exist/);
  renameSync(second, third);
  renameSync(join(folder, "kept"), second);
  await expect(readModel(first)).rejects.toThrow(/00002-of-00003\.gguf says that it is part 3/);
  const alone = join(folder, "alone.gguf");
  renameSync(first, alone);
  await expect(readModel(alone)).rejects.toThrow(/is one of 3 parts/);
});

async function serve(handle: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return `http://127.0.0.1:${port}/org/model.gguf`;
}

const rangeOf = (header: string | undefined) => /^bytes=(\d+)-(\d+)$/.exec(header ?? "");

it("reads the header of a file on a server, and no more of it", async () => {
  const bytes = readFileSync(DEMO);
  let sent = 0;
  const url = await serve((request, response) => {
    const [, from = "0", to = "0"] = rangeOf(request.headers.range) ?? [];
    const part = bytes.subarray(Number(from), Number(to) + 1);
    sent += part.length;
    response.writeHead(206, {
      "content-range": `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`,
    });
    response.end(part);
  });
  const { whole } = await readModel(`${url}?token=secret`);
  expect(whole.tensors).toEqual((await readGguf(DEMO)).tensors);
  expect(whole.path).toBe(url);
  expect(sent).toBeLessThan(statSync(DEMO).size / 1.5);
  expect((await inspect(url)).output).toMatch(/^quantization +Q8_0$/m);
});

it.each<[string, number, Record<string, string>, RegExp]>([
  ["gives no parts", 200, {}, /gives no parts of files; download it first/],
  ["has no such file", 404, {}, /does not exist; check the address/],
  ["wants a key", 403, {}, /may not be read without signing in/],
  ["fails", 503, {}, /the server answers 503/],
  ["does not say how long the file is", 206, {}, /does not say how large it is/],
  ["lies about its length", 206, { "content-range": "bytes 0-9/10" }, /it has only 10 bytes/],
])("says so where a server %s", async (_, status, headers, message) => {
  const url = await serve((_request, response) => {
    response.writeHead(status, headers);
    response.end("GGUF not");
  });
  await expect(readModel(`${url}?token=secret`)).rejects.toThrow(message);
  await expect(readModel(`${url}?token=secret`)).rejects.not.toThrow(/secret/);
});
