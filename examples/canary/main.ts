/**
 * A new version of a model file that has lost a layer on its way, and one that is sound. Both get a share of the
 * traffic of the embedded engine: the evidence rolls the first back and promotes the second. About a minute.
 */
import assert from "node:assert/strict";
import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readGguf } from "../../src/gguf/read-gguf.ts";
import type { ReleaseDetail } from "../../src/http/release-schemas.ts";
import { createCaller, step } from "../lab.ts";
import { startExampleServer } from "../server.ts";

const DEMO = join(import.meta.dirname, "..", "..", "models", "demo.gguf");
const QUESTIONS = [
  "What is a token?",
  "What is a canary release?",
  "How does streaming work?",
  "What is a trace?",
  "Why is a guard needed?",
  "What does quantization do?",
  "What is time to first token?",
  "How do I limit cost?",
];
/** Users who ask at the same time. */
const USERS = 6;
const LOOK_EVERY = 60;

const folder = mkdtempSync(join(tmpdir(), "weir-canary-"));
try {
  const faulty = await damagedCopy(join(folder, "next-faulty.gguf"));
  const sound = join(folder, "next-sound.gguf");
  copyFileSync(DEMO, sound);

  step("A version that lost the weights of a layer");
  const bad = await release(faulty);
  assert.equal(bad.phase, "rolled-back");

  step("A version that is sound");
  const good = await release(sound);
  assert.equal(good.phase, "promoted");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Serves the demo model with this file as its candidate, and asks until the evidence decides. */
async function release(file: string): Promise<ReleaseDetail> {
  await using weir = await startExampleServer(`
models:
  chat:
    targets: [{ provider: llama, file: demo }]
    release:
      candidate: { provider: llama, file: "${file}" }
      stages: [25%, 50%]
      falseRollback: 1%
      promote: { missWorseThan: 2.5 }
      warmUp: 3s
      unit: call
`);
  console.log(`Watch it: ${weir.url}/releases (key: ${weir.key})`);
  const caller = createCaller(weir);
  const detail = async () => {
    const { json } = await caller.get("/admin/v1/releases/detail?model=chat");
    return json as ReleaseDetail; // our own server's
  };
  let now = await detail();
  for (let asked = 0; asked < 6000 && now.phase === "running"; asked += LOOK_EVERY) {
    await askAll(caller, LOOK_EVERY);
    now = await detail();
    console.log(draw(now));
  }
  console.log(`${now.phase}: ${now.why}`);
  return now;
}

async function askAll(caller: ReturnType<typeof createCaller>, count: number): Promise<void> {
  let left = count;
  const user = async () => {
    while (left > 0) {
      left -= 1;
      const content = QUESTIONS[Math.floor(Math.random() * QUESTIONS.length)] ?? "";
      const body = {
        model: "chat",
        stream: true,
        max_tokens: 96,
        messages: [{ role: "user", content }],
      };
      const { status } = await caller.post("/v1/chat/completions", body);
      assert.equal(status, 200);
    }
  };
  await Promise.all(Array.from({ length: USERS }, user));
}

/** The e-value against its bound, from a hundredth of the bound up to it. */
function draw({ stages, stage, exposed, against, bound }: ReleaseDetail): string {
  const part = 1 + Math.log10(Math.max(against / bound, 0.01)) / 2;
  const filled = Math.round(Math.min(1, part) * 30);
  const bar = `${"#".repeat(filled)}${".".repeat(30 - filled)}`;
  return `${(stages[stage]?.name ?? "").padEnd(4)} ${String(exposed).padStart(4)} answers seen  [${bar}] evidence ${against.toPrecision(3)} of ${bound}`;
}

/** The demo model with zeros in place of one layer's weights. */
async function damagedCopy(to: string): Promise<string> {
  const { tensors } = await readGguf(DEMO);
  const tensor = tensors.find(({ name }) => name === "blk.0.ffn_down.weight");
  assert(tensor, "the demo model has this layer");
  copyFileSync(DEMO, to);
  const file = openSync(to, "r+");
  writeSync(file, Buffer.alloc(tensor.bytes), 0, tensor.bytes, tensor.offset);
  closeSync(file);
  return to;
}
