import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readCorpus } from "../../tools/demo-model/corpus.ts";
import type { Quality } from "../../src/serve/quality/messages.ts";
import { measureQuality, measureSpeed } from "../../src/serve/quality/measuring.ts";
import { weir } from "../support/process.ts";
import { startServer, temporaryFolder } from "../support/server.ts";

/** On the built-in model, as a user would: quantize, measure, compare, choose, serve. */

const ROOT = join(import.meta.dirname, "..", "..");
const DEMO = join(ROOT, "models", "demo.gguf");
const TEXT = readFileSync(join(ROOT, "docs", "guide", "principles.md"), "utf8").slice(0, 3000);
const PATIENCE = { timeout: 300_000 };

async function model(cwd: string, ...args: string[]) {
  const asked = weir(["model", ...args], { cwd });
  return { code: await asked.ended, output: asked.output() };
}

async function setUp() {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "sample.txt"), TEXT);
  const made = await model(folder, "quantize", "demo", "-t", "f16", "--again", "-o", "f16.gguf");
  expect(made).toMatchObject({ code: 0 });
  return folder;
}

it("measures a model against itself as no loss, and a smaller one as some", PATIENCE, async () => {
  const folder = await setUp();
  const original = join(folder, "f16.gguf");
  await model(folder, "quantize", "f16.gguf", "-t", "Q4_0", "-o", "q4.gguf");
  const job = { original, text: TEXT, windowTokens: 256, threads: 1 };
  const progress: number[] = [];
  const same = await measureQuality(
    { file: original, ...job },
    { onProgress: (done) => progress.push(done) },
  );
  expect(same.against).toMatchObject({ divergence: 0, sameTop: 1 });
  expect(same.perplexity).toBe(same.against?.originalPerplexity);
  expect(progress.at(-1)).toBe(progress.length);
  const less = await measureQuality({ file: join(folder, "q4.gguf"), ...job });
  expect(less.against?.divergence).toBeGreaterThan(0.005);
  expect(less.against?.sameTop).toBeGreaterThan(0.5);
  const alone = await measureQuality({ file: original, ...job, original: undefined });
  expect(alone.perplexity).toBeCloseTo(same.perplexity, 3);
  expect(alone).not.toHaveProperty("against");
  const speed = await measureSpeed({
    file: original,
    promptTokens: 32,
    newTokens: 4,
    threads: 1,
  });
  expect(speed.tokensPerSecond).toBeGreaterThan(0);
  expect(speed.peakBytes).toBeGreaterThan(speed.fileBytes);
});

it("predicts what the model was trained on better than anything else", PATIENCE, async () => {
  const known = readCorpus()
    .knowledge.slice(0, 60)
    .map(({ answer }) => answer)
    .join("\n");
  const job = { file: DEMO, windowTokens: 256, threads: 1 };
  const [seen, unseen] = await Promise.all([
    measureQuality({ ...job, text: known }),
    measureQuality({ ...job, text: TEXT }),
  ]);
  expect(seen.perplexity).toBeLessThan(unseen.perplexity / 10);
});

it("compares files, draws them, and serves the one that it chose", PATIENCE, async () => {
  const folder = await setUp();
  for (const type of ["Q8_0", "Q5_K_M", "Q4_K_M", "Q4_0", "Q3_K_M"]) {
    const { code, output } = await model(folder, "quantize", "f16.gguf", "-t", type);
    expect({ code, output }).toMatchObject({ code: 0 });
  }
  const files = readdirSync(folder).filter((name) => /^f16-.*gguf$|-Q.*gguf$/.test(name));
  expect(files).toHaveLength(5);
  const args = ["--text", "sample.txt", "--threads", "1", "--window", "256"];
  const table = await model(folder, "compare", "f16.gguf", ...files, ...args, "--plot", "p.svg");
  expect(table.output).toMatch(/^file +type +size +memory +first token/);
  expect(table.output).toMatch(/Q4_K_M +[\d.]+ MB/);
  expect(readFileSync(join(folder, "p.svg"), "utf8")).toContain("Q5_K_M");

  const chosen = await model(folder, "optimize", "f16.gguf", "--max-kl", "0.02", "--json", ...args);
  const { out, tried } = JSON.parse(chosen.output) as { out: string; tried: Tried[] };
  const last = tried.at(-1);
  expect(last?.divergence).toBeLessThanOrEqual(0.02);
  expect(tried.slice(0, -1).every(({ divergence }) => divergence > 0.02)).toBe(true);
  expect(readFileSync(`${out}.md`, "utf8")).toContain(`${last?.name}, made from \`f16.gguf\``);
  expect(readdirSync(folder).filter((name) => name.startsWith(".weir-optimize"))).toEqual([]);
  const server = await startServer(
    `models: { m: { targets: [{ provider: llama, file: "${out}" }] } }`,
  );
  await server.ready();
  const messages = [{ role: "user", content: "What is Weir?" }];
  const answer = await server.call("/v1/chat/completions", { model: "m", messages, max_tokens: 8 });
  expect(answer.status).toBe(200);
});

interface Tried {
  readonly name: string;
  readonly divergence: number;
  readonly quality: Quality;
}

it("says so where nothing is good enough, and keeps nothing", PATIENCE, async () => {
  const folder = await setUp();
  const args = ["--text", "sample.txt", "--threads", "1", "--window", "256", "--memory", "1MB"];
  const { code, output } = await model(folder, "optimize", "f16.gguf", ...args);
  expect(code).toBe(1);
  expect(output).toContain("No type is within 0.02 nats a token and 1.0 MB of memory");
  expect(existsSync(join(folder, "f16-optimized.gguf"))).toBe(false);
});

it.each<[string[], RegExp]>([
  [["eval", "demo"], /--text FILE is needed/],
  [["eval", "demo", "--text", "none.txt"], /there is no file none.txt/],
  [["eval", "demo", "--text", "short.txt"], /fewer than 32 say nothing/],
  [["eval", "none.gguf", "--text", "sample.txt"], /does not exist/],
  [["compare", "demo", "--text", "sample.txt"], /needs the original, and files/],
  [["optimize", "demo", "--text", "sample.txt", "--memory", "much"], /is a size as 6GiB/],
  [["quantize", "demo", "-t", "Q9"], /There is no type "Q9"/],
  [["quantize", "demo"], /--type is one of/],
  [["quantize", "demo", "-t", "Q4_0", "-o", "sample.txt"], /is there already/],
  [["quantize", "demo", "-t", "Q4_0"], /is quantized already/],
])("says what is wrong with %j", async (args, message) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "sample.txt"), TEXT);
  writeFileSync(join(folder, "short.txt"), "Too short.");
  const { code, output } = await model(folder, ...args);
  expect(code).not.toBe(0);
  expect(output).toMatch(message);
});
