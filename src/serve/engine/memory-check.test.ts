import { expect, it } from "vitest";
import type { GgufDescription } from "../../gguf/describe-gguf.ts";
import { checkMemory, planMemory } from "./memory-check.ts";

/** The 135 M shape of the reference measurements. */
const model = {
  fileBytes: 145_000_000,
  layers: 30,
  kvHeads: 3,
  keyLength: 64,
  valueLength: 64,
  embeddingLength: 576,
  feedForwardLength: 1536,
  vocabularySize: 49_152,
} as GgufDescription; // the rest does not matter here

const settings = { slots: 8, contextTokens: 1000, kvType: "f16" } as const;

it("reckons the KV cache as llama.cpp lays it out", () => {
  expect(planMemory(model, settings).cacheBytes).toBe(2 * 30 * 3 * 64 * 2 * 1024 * 8);
  const half = planMemory(model, { ...settings, kvType: "q8_0" }).cacheBytes;
  expect(half).toBe((2 * 30 * 3 * 64 * 1024 * 8 * 34) / 32);
});

it("lets a model load that fits", () => {
  const plan = planMemory(model, settings);
  expect(() => checkMemory("m.gguf", plan, plan.totalBytes)).not.toThrow();
});

it("names the numbers and the ways out when it does not fit", () => {
  const plan = planMemory(model, settings);
  const check = (): void => checkMemory("m.gguf", plan, 100_000_000);
  expect(check).toThrow(
    /m\.gguf needs about .* \(weights 145\.0 MB, KV cache 188\.7 MB, .*100\.0 MB are free/,
  );
  expect(check).toThrow(/Use fewer slots, a smaller context, kvType q8_0/);
});
