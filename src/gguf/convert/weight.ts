import type { MetadataEntry } from "../metadata.ts";
import type { ModelConfig } from "./model-config.ts";

/** How a tensor's numbers change on the way, if they do. */
export type Change =
  /** Rows of each head from two halves to neighbours, as ggml's llama turns them. */
  | { readonly kind: "pair-rows"; readonly heads: number }
  /** Gemma keeps its norms as what they are over one. */
  | { readonly kind: "add-one" };

/** A tensor that a family has: under which name there, of which shape, and what it is called in GGUF. */
export interface Weight {
  readonly from: string;
  readonly to: string;
  /** Outermost first. */
  readonly shape: readonly number[];
  readonly change?: Change;
}

/** A tensor that the converter makes itself. */
export interface MadeTensor {
  readonly name: string;
  readonly values: Float32Array;
}

/** What a family makes of a checkpoint's settings. */
export interface Plan {
  /** llama.cpp's name for the family. */
  readonly architecture: string;
  /** Rows of the embedding: as many tokens as the tokenizer may have. */
  readonly vocabulary: number;
  /** Keys without the architecture before them. */
  readonly settings: readonly (readonly [string, MetadataEntry])[];
  readonly weights: readonly Weight[];
  readonly made: readonly MadeTensor[];
  /** Tensors that may be there and are of no use, as an output matrix that is the embedding again. */
  readonly unused: readonly string[];
  /** Keys of the tokenizer that are the family's own. */
  readonly tokenizer?: readonly (readonly [string, MetadataEntry])[];
  /** What the engine does otherwise than the original, for the user to know. */
  readonly notes: readonly string[];
}

export type PlanFamily = (config: ModelConfig) => Plan;

/** The numbers that shape most families' layers. */
export interface Shape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly feedForward: number;
  readonly vocabulary: number;
}

/** Biases for a weight that has one number a row. */
export function biasOf({ from, to, shape, change }: Weight): Weight {
  const own = { from: from.replace(/weight$/, "bias"), to: to.replace(/weight$/, "bias") };
  return { ...own, shape: shape.slice(0, 1), ...(change && { change }) };
}
