import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SHAPES, writeRandomModel } from "../../bench/engine/random-model.ts";
import { download } from "../../src/serve/library/download.ts";
import { askHub, filesOf } from "../../src/serve/library/hub.ts";
import { Library } from "../../src/serve/library/library.ts";
import { pullModel, sourceOf } from "../../src/serve/library/pull.ts";
import { missing } from "../support/missing.ts";
import { weir } from "../support/process.ts";
import { eventually, startServer, temporaryFolder } from "../support/server.ts";
import { mountTmpfs } from "../support/tmpfs.ts";
import { startHub } from "./hub.ts";

/** Models from the hub into the library: whole, checked, and going on after a break. */

async function modelBytes(seed: number): Promise<Buffer> {
  const path = join(temporaryFolder(), "model.gguf");
  await writeRandomModel(path, SHAPES.tiny, seed);
  return readFileSync(path);
}

async function setUp() {
  const [q4, q8] = [await modelBytes(1), await modelBytes(2)];
  const hub = await startHub({
    "org/tiny-GGUF": {
      "tiny-Q4_K_M.gguf": q4,
      "tiny-Q8_0.gguf": q8,
      "README.md": Buffer.from("hi"),
    },
    "org/texts": { "README.md": Buffer.from("hi") },
  });
  const folder = temporaryFolder();
  const run = async (args: readonly string[], env: Record<string, string> = {}) => {
    const asked = weir(["model", ...args], {
      cwd: folder,
      env: { HF_ENDPOINT: hub.endpoint, HF_TOKEN: "", ...env },
    });
    return { code: await asked.ended, output: asked.output() };
  };
  return { hub, folder, run, q4, q8 };
}

const FAST = { chunkBytes: 64 * 1024, retryMs: [1, 1, 1] };

it("pulls the usual type, says its licence, and serves it", async () => {
  const { run, folder, q4 } = await setUp();
  const pulled = await run(["pull", "hf:org/tiny-GGUF"]);
  expect(pulled).toMatchObject({ code: 0 });
  expect(pulled.output).toMatch(/licence: apache-2\.0/);
  const [, path = ""] = /file: "([^"]+)"/.exec(pulled.output) ?? [];
  expect(readFileSync(path).equals(q4)).toBe(true);
  expect((await run(["library"])).output).toMatch(
    /^org\/tiny-GGUF\/tiny-Q4_K_M +[\d.]+ kB +apache/m,
  );
  const server = await startServer(
    `models: { m: { targets: [{ provider: llama, file: "${path}" }] } }`,
  );
  await server.ready();
  const again = await run(["pull", "hf:org/tiny-GGUF:q8_0", "--as", "eight", "--json"]);
  expect(JSON.parse(again.output)).toMatchObject({ name: "eight", license: "apache-2.0" });
  expect(readdirSync(join(folder, ".weir", "library", "blobs"))).toHaveLength(2);
  expect((await run(["remove", "eight"])).output).toMatch(/[\d.]+ kB were freed/);
  expect(readdirSync(join(folder, ".weir", "library", "blobs"))).toHaveLength(1);
  expect((await run(["remove", "eight"])).output).toMatch(/There is no "eight" in the library/);
});

it("goes on after breaks, and fetches nothing twice", async () => {
  const { hub, q4 } = await setUp();
  const [file] = filesOf(await askHub("org/tiny-GGUF", { endpoint: hub.endpoint }));
  if (!file) throw new Error("unreachable");
  hub.breaks = { after: 10_000, times: 6 };
  const to = join(temporaryFolder(), "model.gguf");
  const progress: number[] = [];
  const hash = await download(file, to, { ...FAST, onProgress: (done) => progress.push(done) });
  expect(hash).toBe(createHash("sha256").update(q4).digest("hex"));
  expect(readFileSync(to).equals(q4)).toBe(true);
  expect(hub.sent).toBeLessThan(q4.length * 1.05);
  expect(progress.at(-1)).toBe(q4.length);
  expect(existsSync(`${to}.part`)).toBe(false);
});

it("keeps what came when it is broken off, and goes on from there", async () => {
  const { hub, q4 } = await setUp();
  const [file] = filesOf(await askHub("org/tiny-GGUF", { endpoint: hub.endpoint }));
  if (!file) throw new Error("unreachable");
  const to = join(temporaryFolder(), "model.gguf");
  const stop = new AbortController();
  const half = download(file, to, {
    ...FAST,
    connections: 1,
    signal: stop.signal,
    onProgress: (done, all) => {
      if (done > all / 2) stop.abort(new Error("broken off"));
    },
  });
  await expect(half).rejects.toThrow("broken off");
  expect(existsSync(to)).toBe(false);
  const before = hub.sent;
  await download(file, to, FAST);
  expect(readFileSync(to).equals(q4)).toBe(true);
  expect(hub.sent - before).toBeLessThan(q4.length * 0.6);
});

it("survives being killed in the middle", async () => {
  const { hub, run, folder, q4 } = await setUp();
  hub.gate = new Promise(() => undefined);
  const killed = weir(["model", "pull", "hf:org/tiny-GGUF"], {
    cwd: folder,
    env: { HF_ENDPOINT: hub.endpoint, HF_TOKEN: "" },
  });
  await eventually(
    () => Promise.resolve(hub.asked.filter(({ path }) => path.endsWith(".gguf")).length),
    (count) => count > 0,
  );
  killed.child.kill("SIGKILL");
  await killed.ended;
  expect((await run(["library"])).output).toContain("Nothing was pulled yet");
  hub.gate = undefined;
  const pulled = await run(["pull", "hf:org/tiny-GGUF", "--json"]);
  const { path } = JSON.parse(pulled.output) as { path: string };
  expect(readFileSync(path).equals(q4)).toBe(true);
});

it("gives up after breaks that bring nothing, and says that it can go on", async () => {
  const { hub } = await setUp();
  const [file] = filesOf(await askHub("org/tiny-GGUF", { endpoint: hub.endpoint }));
  if (!file) throw new Error("unreachable");
  hub.breaks = { after: 0, times: 1000 };
  // The question for its length is answered with one byte.
  const to = join(temporaryFolder(), "model.gguf");
  await expect(download(file, to, FAST)).rejects.toThrow(
    /broke off too often|fetch failed|terminated/,
  );
  expect(existsSync(to)).toBe(false);
});

it("throws away what is not what the hub says, and keeps no file of another length", async () => {
  const { hub, run, folder } = await setUp();
  hub.lies = { sha256: "0".repeat(64) };
  const wrong = await run(["pull", "hf:org/tiny-GGUF"]);
  expect(wrong.code).toBe(1);
  expect(wrong.output).toMatch(/its SHA-256 differs/);
  expect(readdirSync(join(folder, ".weir", "library", "blobs"))).toEqual([]);
  hub.lies = { bytes: 12 };
  expect((await run(["pull", "hf:org/tiny-GGUF"])).output).toMatch(
    /has 12 bytes, and its server says/,
  );
});

it("sends its token to the hub, and to nobody else", async () => {
  const { hub, run } = await setUp();
  hub.token = "hf_secret";
  const gated = await run(["pull", "hf:org/tiny-GGUF"]);
  expect(gated.output).toMatch(/is gated: accept its licence on its page, and set HF_TOKEN/);
  hub.asked.length = 0;
  expect(await run(["pull", "hf:org/tiny-GGUF"], { HF_TOKEN: "hf_secret" })).toMatchObject({
    code: 0,
  });
  const content = hub.asked.filter(
    ({ path }) => path.startsWith("/org/") && !path.includes("/resolve/"),
  );
  expect(content.length).toBeGreaterThan(0);
  expect(content.some(({ hasToken }) => hasToken)).toBe(false);
});

it("takes a file by its URL or path, and none that is no model", async () => {
  const { hub, run, folder, q4 } = await setUp();
  const url = `${hub.endpoint}/org/tiny-GGUF/resolve/main/tiny-Q8_0.gguf?token=secret`;
  const pulled = await run(["pull", url, "--as", "by-url"]);
  expect(pulled).toMatchObject({ code: 0 });
  expect((await run(["library", "--json"])).output).not.toContain("secret");
  writeFileSync(join(folder, "own.gguf"), q4);
  expect(await run(["pull", "own.gguf"])).toMatchObject({ code: 0 });
  writeFileSync(
    join(folder, "page.gguf"),
    "<!doctype html><p>Not a model at all, but a page of the web.</p>",
  );
  expect((await run(["pull", "page.gguf"])).output).toMatch(/this is a web page/);
  expect(
    (await run(["library"])).output.split("\n").filter((line) => /gguf/.test(line)),
  ).toHaveLength(2);
});

it("takes no name that leads out of the library, or lies within another's", async () => {
  const { run, folder, q4 } = await setUp();
  const outside = await run(["pull", "hf:org/tiny-GGUF", "--as", "../out"]);
  expect(outside).toMatchObject({ code: 1 });
  expect(outside.output).toMatch(/is no name for a model/);
  const library = new Library(join(folder, "library"));
  const file = join(folder, "own.gguf");
  writeFileSync(file, q4);
  const pull = (name: string) =>
    pullModel(sourceOf(file), { library, endpoint: "http://127.0.0.1:1", name });
  for (const name of ["../out", "a/../../b", "/etc", ".", "..", "a//b", "a/.hidden", "a b", ""]) {
    await expect(pull(name)).rejects.toThrow(/is no name for a model/);
  }
  await pull("a/b");
  for (const name of ["a", "a/b/c", "a--b"]) {
    await expect(pull(name)).rejects.toThrow(/The model "a\/b" is in the way/);
  }
  expect(readdirSync(join(folder, "library", "entries"))).toEqual(["a--b.json"]);
});

it.each<[string, RegExp]>([
  ["hf:org/none", /There is no org\/none on the hub; check the name/],
  ["hf:org/texts", /has no GGUF file/],
  ["hf:org/tiny-GGUF:Q2_K", /has no Q2_K: Q4_K_M, Q8_0\. Name one, as hf:org\/tiny-GGUF:Q4_K_M/],
  ["hf:nonsense", /Expected hf:ORG\/REPO/],
  ["missing.gguf", /there is no file missing\.gguf/],
])("says what is wrong with %s", async (source, message) => {
  const { run } = await setUp();
  const { code, output } = await run(["pull", source]);
  expect(code).not.toBe(0);
  expect(output).toMatch(message);
});

it("says so where the hub is away, the disk is too small, or no parts are given", async (context) => {
  const { hub, run } = await setUp();
  const away = await run(["pull", "hf:org/tiny-GGUF"], { HF_ENDPOINT: "http://127.0.0.1:1" });
  expect(away.output).toMatch(/cannot be reached: .*Set HF_ENDPOINT for a mirror/);
  const [file] = filesOf(await askHub("org/tiny-GGUF", { endpoint: hub.endpoint }));
  if (!file) throw new Error("unreachable");
  const small = mountTmpfs("size=64k") ?? missing(context, "the right to mount a file system");
  await expect(download(file, join(small, "x.gguf"), FAST)).rejects.toThrow(
    /are to come, and the disk has/,
  );
  expect(readdirSync(small)).toEqual([]);
  hub.ranges = false;
  const to = join(temporaryFolder(), "x.gguf");
  await expect(download(file, to, FAST)).rejects.toThrow(/gives no parts of files/);
});
