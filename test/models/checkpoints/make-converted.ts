import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type ConvertOptions,
  convertCheckpoint,
} from "../../../src/gguf/convert/convert-checkpoint.ts";
import { temporaryFolder } from "../../support/server.ts";
import { writeCheckpoint } from "./random-checkpoint.ts";
import type { Made } from "./recipes.ts";

/** A checkpoint's folder, which goes with the test. */
export function makeCheckpoint({ recipe }: Made) {
  const folder = join(temporaryFolder(), "checkpoint");
  mkdirSync(folder);
  return { folder, weights: writeCheckpoint(folder, recipe) };
}

/** The folder with its converted file in it. */
export async function makeConverted(made: Made, options: Partial<ConvertOptions> = {}) {
  const { folder, weights } = makeCheckpoint(made);
  const out = join(folder, "out.gguf");
  const done = await convertCheckpoint(folder, () => out, { type: "F32", ...options });
  return { folder, weights, out, done };
}
