import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { FloatType } from "../../src/gguf/convert/tensor-data.ts";
import { type Digest, digestOf } from "./checkpoints/digest.ts";
import { makeConverted } from "./checkpoints/make-converted.ts";
import * as recipes from "./checkpoints/recipes.ts";

/**
 * Our files against those that llama.cpp's own converter (convert_hf_to_gguf.py of v0.5.0) made of the same
 * checkpoints: every tensor byte by byte, the architecture's keys and the tokenizer's words. It runs on
 * PyTorch, so what it wrote is kept as hashes. Random weights, texts and names are the same on every run.
 */

const REFERENCE = JSON.parse(
  readFileSync(join(import.meta.dirname, "checkpoints", "reference.json"), "utf8"),
) as Record<keyof typeof RECIPES, Record<FloatType, Digest>>;

const RECIPES = {
  llama2: recipes.llama2,
  llama3: recipes.llama3,
  biasedLlama: recipes.biasedLlama,
  mistral: recipes.mistral,
  qwen2: recipes.qwen2,
  qwen3: recipes.qwen3,
  gemma: () => recipes.gemma("model"),
  gemma2: recipes.gemma2,
  gemma3: recipes.gemma3,
  phi2: recipes.phi2,
  phi3: recipes.phi3,
  phi3Short: recipes.phi3Short,
  phi4: recipes.phi4,
  phi4Large: recipes.phi4Large,
} as const;

const names = Object.keys(RECIPES) as (keyof typeof RECIPES)[];

it.each(names)("writes %s as llama.cpp's own converter does", async (name) => {
  const made = RECIPES[name]();
  for (const type of ["F32", "F16", "BF16"] as const) {
    const { out } = await makeConverted(made, { type });
    expect({ type, ...(await digestOf(out)) }).toEqual({ type, ...REFERENCE[name][type] });
  }
});
