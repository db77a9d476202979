import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { convertCheckpoint } from "../../src/gguf/convert/convert-checkpoint.ts";
import { temporaryFolder } from "../support/server.ts";
import { forward } from "./checkpoints/decoder.ts";
import { openEngine } from "./checkpoints/engine.ts";
import { writeCheckpoint } from "./checkpoints/random-checkpoint.ts";
import { llama2, llama3, type Made } from "./checkpoints/recipes.ts";

/** Random checkpoints of every family: the converted file must answer as the original would. */

const PROMPT = "The model reads 2024 texts: don't, wörter 世界, and  then there";
const NEW_TOKENS = 8;
/** The engine computes in single precision, and gelu by a table of half floats. */
const TOLERANCE = 0.01;

function topOf(logits: ArrayLike<number>): number {
  let best = 0;
  for (let at = 1; at < logits.length; at++) {
    if ((logits[at] ?? 0) > (logits[best] ?? 0)) best = at;
  }
  return best;
}

async function converted(made: Made) {
  const folder = join(temporaryFolder(), "checkpoint");
  mkdirSync(folder);
  const weights = writeCheckpoint(folder, made.recipe);
  const out = join(folder, "out.gguf");
  const done = await convertCheckpoint(folder, () => out, { type: "F32" });
  return { folder, weights, out, done };
}

it.each<[string, () => Made]>([
  ["Llama 3, with its scaled positions, in parts", llama3],
  ["Llama 2, with SentencePiece", llama2],
])("answers as the original does: %s", async (_, make) => {
  const made = make();
  const { recipe, family } = made;
  const { weights, out, done } = await converted(made);
  expect(done.suspicious).toEqual([]);
  const engine = openEngine(out);
  const { encode, begin } = recipe.tokenizer;
  const tokens = [begin, ...encode(PROMPT)];
  expect(engine.vocabulary.tokenize(PROMPT, { addSpecial: true, parseSpecial: true })).toEqual(
    tokens,
  );
  for (let round = 0; round < NEW_TOKENS; round++) {
    const theirs = forward(family, weights, tokens);
    const ours = engine.read(tokens);
    const worst = theirs.flatMap((row, at) =>
      [...row].map((value, id) => Math.abs(value - (ours[at]?.[id] ?? NaN))),
    );
    expect(Math.max(...worst)).toBeLessThan(TOLERANCE);
    const next = topOf(theirs.at(-1) ?? []);
    expect(topOf(ours.at(-1) ?? [])).toBe(next);
    tokens.push(next);
  }
});
