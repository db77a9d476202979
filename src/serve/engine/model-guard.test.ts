import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../core/log.ts";
import { string } from "../../gguf/metadata.ts";
import { writeGguf } from "../../gguf/write-gguf.ts";
import { createEngine } from "./engine.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "model-guard-"));
  await writeGguf(join(folder, "tampered.gguf"), {
    metadata: new Map([
      ["general.architecture", string("llama")],
      ["tokenizer.chat_template", string("{{ ''.__class__.__mro__ }}")],
    ]),
    tensors: [{ name: "ones", dimensions: [4], type: "F32", data: new Uint8Array(16) }],
  });
});
afterAll(() => rm(folder, { recursive: true }));

function open(more: { sha256?: string }) {
  return createEngine({
    name: "tampered",
    file: join(folder, "tampered.gguf"),
    slots: 1,
    contextTokens: 64,
    log: silentLog,
    startProcess: () => {
      throw new Error("the model reached its process");
    },
    ...more,
  });
}

it("refuses a tampered model before anything of it is loaded", async () => {
  const engine = open({});
  await expect(engine.start()).rejects.toThrow(/tampered with: the chat template/);
  await engine.close();
});

it("refuses a file that is not the pinned one", async () => {
  const engine = open({ sha256: "0".repeat(64) });
  await expect(engine.start()).rejects.toThrow("not the file that is pinned");
  await engine.close();
});
