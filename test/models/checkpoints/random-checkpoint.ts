import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../support/random.ts";
import type { Weights } from "./decoder.ts";
import { type Dtype, rounded, type Tensor, writeWeights } from "./safetensors-file.ts";
import type { TestTokenizer } from "./learning.ts";

/** What a random checkpoint is made from. */
export interface Recipe {
  readonly config: Readonly<Record<string, unknown>>;
  /** Names and shapes, outermost dimension first. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly tokenizer: TestTokenizer;
  readonly dtype?: Dtype;
  /** Norms that count from one on have weights around zero. */
  readonly normsFrom?: 0 | 1;
  readonly parts?: number;
}

/** Tensors by name; large enough that every part of the model shows in its answers. */
export function randomTensors({
  shapes,
  dtype = "F32",
  normsFrom = 1,
}: Recipe): ReadonlyMap<string, Tensor> {
  const random = createRandom(11);
  const normal = () => Array.from({ length: 12 }, random).reduce((a, b) => a + b, -6);
  return new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const [rows = 1, columns] = shape;
      const isNorm = columns === undefined && name.includes("norm") && name.endsWith("weight");
      const spread = columns === undefined ? 0.3 : 2 / Math.sqrt(columns);
      const values = Float32Array.from({ length: rows * (columns ?? 1) }, () =>
        rounded((isNorm ? normsFrom : 0) + normal() * spread, dtype),
      );
      return [name, { shape, values, dtype }];
    }),
  );
}

/** Writes the folder, as the hub has them; gives the weights back. */
export function writeCheckpoint(folder: string, recipe: Recipe): Weights {
  const tensors = randomTensors(recipe);
  writeWeights(folder, tensors, recipe.parts);
  writeFileSync(join(folder, "config.json"), JSON.stringify(recipe.config));
  recipe.tokenizer.write(folder);
  return (name) => tensors.get(name)?.values;
}
