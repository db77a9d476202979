import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Template } from "@huggingface/jinja";
import { describe, expect, it } from "vitest";
import { describeGguf } from "../../src/gguf/describe-gguf.ts";
import { boolAt, listAt, numberAt } from "../../src/gguf/metadata.ts";
import { readGguf } from "../../src/gguf/read-gguf.ts";
import { CHAT_TEMPLATE, encodePrompt, type Turn } from "./chat-format.ts";
import { SPECIAL, trainTokenizer } from "./tokenizer.ts";
import type { Result } from "./write-card.ts";

const MODELS = join(import.meta.dirname, "../../models");
const MODEL = join(MODELS, "demo.gguf");

describe.skipIf(!existsSync(MODEL))("the committed model", () => {
  it("is a chat model of at most 5 MB", async () => {
    const about = describeGguf(await readGguf(MODEL));
    expect(about).toMatchObject({
      architecture: "llama",
      name: "Weir demo",
      quantization: "Q8_0",
      tokenizer: "gpt2",
      preTokenizer: "gpt-2",
      chatTemplate: CHAT_TEMPLATE,
    });
    expect(about.fileBytes).toBeLessThanOrEqual(5_000_000);
    expect(about.contextLength).toBeGreaterThanOrEqual(512);
  });

  it("ends a turn with <|im_end|> and begins with no token of its own", async () => {
    const { metadata } = await readGguf(MODEL);
    expect(listAt(metadata, "tokenizer.ggml.tokens")?.slice(0, 3)).toEqual(SPECIAL);
    expect(listAt(metadata, "tokenizer.ggml.token_type")?.slice(0, 4)).toEqual([3, 3, 3, 1]);
    expect(numberAt(metadata, "tokenizer.ggml.eos_token_id")).toBe(2);
    expect(numberAt(metadata, "tokenizer.ggml.eot_token_id")).toBe(2);
    expect(boolAt(metadata, "tokenizer.ggml.add_bos_token")).toBe(false);
  });

  it("was measured, well enough, by the run that wrote it", () => {
    const result = JSON.parse(readFileSync(join(MODELS, "demo.json"), "utf8")) as Result;
    expect(result.measured.trained.rate).toBeGreaterThan(0.95);
    expect(result.measured.unseenOffTopic.rate).toBeGreaterThan(0.8);
    expect(result.training.cpuSeconds / result.training.threads).toBeLessThan(900);
    expect(result.fileBytes).toBe(readFileSync(MODEL).length);
  });
});

describe("the chat template", () => {
  const tokenizer = trainTokenizer(["hello"], 300);

  it.each<[string, Turn[]]>([
    ["a question", [{ role: "user", content: "What is a token?" }]],
    [
      "a conversation under a system prompt",
      [
        { role: "system", content: "Be brief." },
        { role: "user", content: " Hi\n" },
        { role: "assistant", content: "Hello!" },
        { role: "user", content: "" },
      ],
    ],
  ])("writes the text that training saw: %s", (_, turns) => {
    const options = { messages: turns, add_generation_prompt: true };
    const written = new Template(CHAT_TEMPLATE).render(options);
    const pieces = written
      .split(/(<\|\w+\|>)/)
      .filter((piece) => piece !== "")
      .flatMap((piece) => {
        const special = SPECIAL.findIndex((name) => name === piece);
        return special === -1 ? tokenizer.encode(piece) : [special];
      });
    // The role and its line break are one stretch of text here and two there.
    expect(tokenizer.decode(pieces)).toBe(tokenizer.decode(encodePrompt(tokenizer, turns)));
    expect(pieces.filter((token) => token < 3)).toEqual(
      encodePrompt(tokenizer, turns).filter((token) => token < 3),
    );
  });
});
