import { expect, it } from "vitest";
import { forward } from "./checkpoints/decoder.ts";
import { openEngine } from "./checkpoints/engine.ts";
import { makeConverted } from "./checkpoints/make-converted.ts";
import {
  biasedLlama,
  gemma,
  gemma2,
  gemma3,
  gemma3Uneven,
  llama2,
  llama3,
  type Made,
  mistral,
  phi2,
  phi3,
  phi3Short,
  phi4,
  phi4Large,
  qwen2,
  qwen3,
} from "./checkpoints/recipes.ts";

/** Random checkpoints of every family: the converted file must answer as the original would. */

const PROMPT = "The model reads 2024 texts: don't, wörter 世界, and  then there";
const NEW_TOKENS = 8;
/** The engine computes in single precision, and gelu by a table of half floats; logits reach about 6. */
const TOLERANCE = { silu: 0.0002, gelu: 0.01 };

function topOf(logits: ArrayLike<number>): number {
  let best = 0;
  for (let at = 1; at < logits.length; at++) {
    if ((logits[at] ?? 0) > (logits[best] ?? 0)) best = at;
  }
  return best;
}

it.each<[string, () => Made]>([
  ["Llama 3, with its scaled positions, in parts", llama3],
  ["Llama 2, with SentencePiece", llama2],
  ["Llama with biases, its positions squeezed alike", biasedLlama],
  ["Mistral, its positions by yarn", mistral],
  ["Qwen 2", qwen2],
  ["Qwen 3", qwen3],
  ["Gemma, with SentencePiece retold", gemma],
  ["Gemma 2", gemma2],
  ["Gemma 3", gemma3],
  ["Gemma 3 with other layers whole", gemma3Uneven],
  ["Phi 2", phi2],
  ["Phi 3, beyond its first context", phi3],
  ["Phi 3, in its first context", phi3Short],
  ["Phi 4 mini", phi4],
  ["Phi 4", phi4Large],
])("answers as the original does: %s", async (_, make) => {
  const made = make();
  const { recipe, family } = made;
  const { weights, out, done } = await makeConverted(made);
  expect(done.suspicious).toEqual([]);
  const engine = openEngine(out);
  const { encode, prefix } = recipe.tokenizer;
  const tokens = [...prefix, ...encode(PROMPT)];
  expect(engine.vocabulary.tokenize(PROMPT, { addSpecial: true, parseSpecial: true })).toEqual(
    tokens,
  );
  for (let round = 0; round < NEW_TOKENS; round++) {
    const theirs = forward(family, weights, tokens);
    const ours = engine.read(tokens);
    const worst = theirs.flatMap((row, at) =>
      [...row].map((value, id) => Math.abs(value - (ours[at]?.[id] ?? NaN))),
    );
    expect(Math.max(...worst)).toBeLessThan(TOLERANCE[family.activation]);
    const next = topOf(theirs.at(-1) ?? []);
    expect(topOf(ours.at(-1) ?? [])).toBe(next);
    tokens.push(next);
  }
});
