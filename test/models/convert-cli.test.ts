import { existsSync, readdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readGguf } from "../../src/gguf/read-gguf.ts";
import { weir } from "../support/process.ts";
import { startServer } from "../support/server.ts";
import { makeCheckpoint } from "./checkpoints/make-converted.ts";
import { llama3, llamaWith } from "./checkpoints/recipes.ts";
import { sentencePiece } from "./checkpoints/sentence-piece.ts";
import { writeWide } from "./checkpoints/wide-checkpoint.ts";

/** As a user would: convert, look at it, quantize, serve; and break it off. */

const PATIENCE = { timeout: 180_000 };

async function model(cwd: string, ...args: string[]) {
  const asked = weir(["model", ...args], { cwd });
  return { code: await asked.ended, output: asked.output() };
}

it("converts, inspects, quantizes and serves", PATIENCE, async () => {
  const { folder } = makeCheckpoint(llama3());
  const parent = join(folder, "..");
  const converted = await model(parent, "convert", "checkpoint");
  expect(converted).toMatchObject({ code: 0 });
  expect(converted.output).toMatch(/checkpoint-BF16\.gguf: llama, 21 tensors, BF16, [\d.]+ kB/);
  const again = await model(parent, "convert", "checkpoint");
  expect(again).toMatchObject({ code: 2 });
  expect(again.output).toMatch(/checkpoint-BF16.gguf is there already: name another with --out/);
  const forced = await model(parent, "convert", "checkpoint", "--force", "--json", "--name", "My");
  expect(JSON.parse(forced.output)).toMatchObject({
    architecture: "llama",
    type: "BF16",
    notes: [],
    suspicious: [],
  });
  const shown = await model(parent, "inspect", "checkpoint-BF16.gguf");
  expect(shown.output).toMatch(/^name +My$/m);
  expect(shown.output).toMatch(/^tokenizer +gpt2, llama-bpe$/m);
  const quantize = ["quantize", "checkpoint-BF16.gguf", "-t", "Q8_0", "-o", "q8.gguf"];
  expect(await model(parent, ...quantize)).toMatchObject({ code: 0 });
  const server = await startServer(
    `models: { m: { targets: [{ provider: llama, file: "${join(parent, "q8.gguf")}" }] } }`,
  );
  await server.ready();
  const messages = [{ role: "user", content: "the model" }];
  const answer = await server.call("/v1/chat/completions", { model: "m", messages, max_tokens: 8 });
  expect(answer.status).toBe(200);
  const { usage } = (await answer.json()) as { usage: { prompt_tokens: number } };
  expect(usage.prompt_tokens).toBeGreaterThan(5);
});

it.each<[string[], RegExp]>([
  [["convert"], /needs the folder that config.json and the weights are in/],
  [["convert", "none"], /There is no folder none/],
  [["convert", "checkpoint", "-t", "Q4_0"], /--type is f32, f16, bf16 or auto here, not "Q4_0"/],
  [["convert", "checkpoint", "--pre", "qwen2"], /SentencePiece tokenizer, for which --pre/],
])("says what is wrong with %j", async (args, message) => {
  const tokenizer = sentencePiece({ form: "model", spaceFirst: true });
  const { folder } = makeCheckpoint(llamaWith(tokenizer));
  const { code, output } = await model(join(folder, ".."), ...args);
  expect(code).not.toBe(0);
  expect(output).toMatch(message);
  expect(output).not.toContain("    at ");
});

it("says what the engine will do otherwise", async () => {
  const tokenizer = sentencePiece({ form: "model", spaceFirst: true });
  const { folder } = makeCheckpoint(llamaWith(tokenizer, { sliding_window: 64 }));
  const { output } = await model(join(folder, ".."), "convert", "checkpoint", "-t", "f16");
  expect(output).toMatch(/checkpoint-F16\.gguf/);
  expect(output).toMatch(/note: the original looks back 64 tokens at the most, the engine at all/);
});

/** Sends the signal as soon as something of the result is on disk. */
async function interrupted(signal: NodeJS.Signals) {
  const folder = writeWide();
  const parent = join(folder, "..");
  const asked = weir(["model", "convert", "wide", "-t", "f32", "-o", "out.gguf"], { cwd: parent });
  let isSent = false;
  const watcher = watch(parent, (_, name) => {
    if (name === "out.gguf.part" && !isSent) isSent = asked.child.kill(signal);
  });
  onTestFinished(() => watcher.close());
  await asked.ended;
  return { parent, output: asked.output() };
}

it("leaves nothing behind at Ctrl-C", PATIENCE, async () => {
  const { parent, output } = await interrupted("SIGINT");
  // It may be done before the signal arrives.
  if (existsSync(join(parent, "out.gguf"))) return;
  expect(output).toContain("It was broken off, and nothing was kept.");
  expect(readdirSync(parent).filter((name) => name.startsWith("out"))).toEqual([]);
});

it("has no half file under its name when it is killed, and can begin again", PATIENCE, async () => {
  const { parent } = await interrupted("SIGKILL");
  const out = join(parent, "out.gguf");
  // Should it have been done before, it is whole: this throws for any other.
  if (existsSync(out)) await readGguf(out);
  rmSync(out, { force: true });
  writeFileSync(`${out}.part`, "what was left");
  const again = await model(parent, "convert", "wide", "-t", "f32", "-o", "out.gguf");
  expect(again).toMatchObject({ code: 0 });
  expect((await readGguf(out)).tensors.length).toBeGreaterThan(0);
  expect(readdirSync(parent)).not.toContain("out.gguf.part");
});
