import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../support/server.ts";
import { llama2 } from "./recipes.ts";
import { safetensors, type Tensor } from "./safetensors-file.ts";

const VOCABULARY = 150_000;

/** A model whose embedding takes some time to read: 14 MB of zeros that no disk has to hold. */
export function writeWide(): string {
  const folder = join(temporaryFolder(), "wide");
  mkdirSync(folder);
  const { config, shapes, tokenizer } = llama2().recipe;
  const empty = new Map<string, Tensor>();
  const header: Record<string, unknown> = {};
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const rows = name === "model.embed_tokens.weight" ? [VOCABULARY, ...shape.slice(1)] : shape;
    if (name === "lm_head.weight") continue;
    const bytes = rows.reduce((product, length) => product * length, 2);
    header[name] = { dtype: "F16", shape: rows, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const path = join(folder, "model.safetensors");
  writeFileSync(
    path,
    safetensors(empty, () => header),
  );
  truncateSync(path, readFileSync(path).length + at);
  const own = { ...config, vocab_size: VOCABULARY, tie_word_embeddings: true };
  writeFileSync(join(folder, "config.json"), JSON.stringify(own));
  tokenizer.write(folder);
  return folder;
}
