import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readGguf } from "../../src/gguf/read-gguf.ts";
import { readModel } from "../../src/gguf/read-model.ts";
import { mergeModel, splitModel } from "../../src/gguf/split-model.ts";
import { writeGguf } from "../../src/gguf/write-gguf.ts";
import { missing } from "../support/missing.ts";
import { weir } from "../support/process.ts";
import { startServer, temporaryFolder } from "../support/server.ts";
import { mountTmpfs } from "../support/tmpfs.ts";

/** Models in several files: cut, put together, and served. */

const DEMO = join(import.meta.dirname, "..", "..", "models", "demo.gguf");

async function model(cwd: string, ...args: string[]) {
  const asked = weir(["model", ...args], { cwd });
  return { code: await asked.ended, output: asked.output() };
}

it("cuts a model into parts that are served as one, and puts them together again", async () => {
  const folder = temporaryFolder();
  const split = await model(folder, "split", "demo", "--size", "600kB", "--out", "part.gguf");
  expect(split).toMatchObject({ code: 0 });
  const names = split.output.trim().split("\n");
  expect(names.length).toBeGreaterThan(2);
  expect(names[0]).toBe(`part-00001-of-0000${names.length}.gguf`);
  const first = join(folder, names[0] ?? "");
  const { parts, whole } = await readModel(first);
  const demo = await readGguf(DEMO);
  expect(whole.tensors.map(({ name }) => name)).toEqual(demo.tensors.map(({ name }) => name));
  for (const { tensors } of parts) {
    const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
    expect(tensors.length === 1 || bytes <= 600_000).toBe(true);
  }

  const merged = await model(folder, "merge", names[1] ?? "", "--out", "again.gguf", "--json");
  expect(JSON.parse(merged.output)).toEqual({ out: "again.gguf" });
  expect(readFileSync(join(folder, "again.gguf")).equals(readFileSync(DEMO))).toBe(true);

  const target = (file: string) => `{ targets: [{ provider: llama, file: "${file}" }] }`;
  const server = await startServer(`models: { one: ${target("demo")}, parts: ${target(first)} }`);
  await server.ready();
  const ask = async (name: string) => {
    const messages = [{ role: "user", content: "What is Weir?" }];
    const body = { model: name, messages, temperature: 0, max_tokens: 12 };
    const answer = await server.call("/v1/chat/completions", body);
    return ((await answer.json()) as { choices: { message: object }[] }).choices[0]?.message;
  };
  expect(await ask("parts")).toEqual(await ask("one"));
});

it("says what makes no sense, and writes nothing", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "x-00001-of-00002.gguf"), "");
  const cases: [string[], string][] = [
    [["split", "demo", "--out", "y"], "--size SIZE is needed"],
    [["split", "demo", "--size", "much", "--out", "y"], "--size is a size as 6GiB"],
    [["split", "demo", "--size", "1GB", "--out", "y"], "fits into one part"],
    [["split", "demo", "--size", "1MB", "--out", "x"], "is there already"],
    [["merge", "demo.gguf"], "does not exist"],
    [["merge"], "merge needs a part"],
  ];
  for (const [args, message] of cases) {
    const { code, output } = await model(folder, ...args);
    expect([args, code === 0]).toEqual([args, false]);
    expect(output).toContain(message);
  }
  await expect(mergeModel(DEMO, join(folder, "z.gguf"))).rejects.toThrow("but a whole one");
  expect(readdirSync(folder)).toEqual(["x-00001-of-00002.gguf"]);
});

it("leaves nothing behind when it is broken off, or when the disk fills", async (context) => {
  const folder = temporaryFolder();
  const stop = new AbortController();
  const onProgress = (done: number, all: number) => {
    if (done > all / 2) stop.abort(new Error("enough"));
  };
  const options = { partBytes: 300_000, signal: stop.signal, onProgress };
  await expect(splitModel(DEMO, join(folder, "x"), options)).rejects.toThrow("enough");
  expect(readdirSync(folder)).toEqual([]);
  const disk = mountTmpfs("size=1m");
  if (disk === undefined) missing(context, "the right to mount a tmpfs");
  mkdirSync(join(disk, "in"));
  const full = splitModel(DEMO, join(disk, "in", "x"), { partBytes: 300_000 });
  await expect(full).rejects.toThrow(/The result needs 2\.\d MB/);
  expect(readdirSync(join(disk, "in"))).toEqual([]);
});

it("writes both versions of the format, which are read alike", async () => {
  const folder = temporaryFolder();
  const tensors = [
    { name: "ones", dimensions: [4], type: "F32", data: new Uint8Array(16).fill(1) },
  ];
  for (const version of [2, 3] as const) {
    const path = join(folder, `${version}.gguf`);
    await writeGguf(path, { metadata: new Map(), tensors, version });
    expect(readFileSync(path).readUInt32LE(4)).toBe(version);
    expect((await readGguf(path)).tensors).toHaveLength(1);
  }
});
