import { float32, type MetadataEntry, uint32 } from "../../metadata.ts";
import type { ModelConfig } from "../model-config.ts";
import { refusal } from "../refusal.ts";
import type { Change, Shape, Weight } from "../weight.ts";

/** What nearly all families share: where the numbers stand in the config, and what the tensors are called. */

export type Setting = readonly [string, MetadataEntry];

/** A model with more layers is a mistake. */
const MOST_LAYERS = 10_000;

/** Reads the shape; `usual` has what the family's config may leave out. */
export function shapeOf(config: ModelConfig, usual: Partial<Shape> = {}): Shape {
  const hidden = config.count("hidden_size", usual.hidden);
  const heads = config.count("num_attention_heads", usual.heads);
  const layers = config.count("num_hidden_layers", usual.layers);
  if (layers > MOST_LAYERS) throw refusal(`${config.path} is said to have ${layers} layers.`);
  const kvHeads = config.count("num_key_value_heads", usual.kvHeads ?? heads);
  const headSize = config.count("head_dim", usual.headSize ?? hidden / heads);
  if (heads % kvHeads !== 0 || headSize % 2 !== 0)
    throw refusal(
      `${config.path}: ${heads} heads of ${headSize} for ${kvHeads} of keys and values do not fit together.`,
    );
  return {
    layers,
    hidden,
    heads,
    kvHeads,
    headSize,
    feedForward: config.count("intermediate_size", usual.feedForward),
    vocabulary: config.count("vocab_size", usual.vocabulary),
  };
}

/** The keys that every family's loader asks for. */
export function shapeSettings({ shape, contextTokens, epsilon }: Common): Setting[] {
  return [
    ["block_count", uint32(shape.layers)],
    ["context_length", uint32(contextTokens)],
    ["embedding_length", uint32(shape.hidden)],
    ["feed_forward_length", uint32(shape.feedForward)],
    ["attention.head_count", uint32(shape.heads)],
    ["attention.head_count_kv", uint32(shape.kvHeads)],
    ["attention.layer_norm_rms_epsilon", float32(epsilon)],
  ];
}

interface Common {
  readonly shape: Shape;
  readonly contextTokens: number;
  readonly epsilon: number;
}

/** How long a head's keys and values are. */
export function headSettings({ headSize }: Shape): Setting[] {
  return [
    ["attention.key_length", uint32(headSize)],
    ["attention.value_length", uint32(headSize)],
  ];
}

/** The head size, where it is said or not what the width alone would make it. */
export function headSettingsIfSaid(config: ModelConfig, shape: Shape): Setting[] {
  const isPlain = shape.headSize * shape.heads === shape.hidden;
  return isPlain && !config.has("head_dim") ? [] : headSettings(shape);
}

/** The embedding, the last norm, and the output matrix unless it is the embedding again. */
export function outerWeights(shape: Shape, { isTied, norm }: OuterOptions): Weight[] {
  const matrix = [shape.vocabulary, shape.hidden];
  const output = { from: "lm_head.weight", to: "output.weight", shape: matrix };
  return [
    { from: "model.embed_tokens.weight", to: "token_embd.weight", shape: matrix },
    ...(isTied ? [] : [output]),
    vector("model.norm.weight", "output_norm.weight", { size: shape.hidden, change: norm }),
  ];
}

interface OuterOptions {
  readonly isTied: boolean;
  /** How norms change. */
  readonly norm?: Change | undefined;
}

/** What is in the file and not used where the embedding is the output matrix, too. */
export function unusedIfTied(isTied: boolean): string[] {
  return isTied ? ["lm_head.weight"] : [];
}

/** A layer's four attention matrices, apart. */
export function attentionWeights(
  { hidden, heads, kvHeads, headSize }: Shape,
  layer: number,
  isPaired = false,
): Weight[] {
  const at = namesOf(layer);
  const rows = (of: number, change?: Change) => ({
    shape: [of * headSize, hidden],
    ...(change && { change }),
  });
  const paired = (of: number): Change | undefined =>
    isPaired ? { kind: "pair-rows", heads: of } : undefined;
  return [
    { ...at("self_attn.q_proj", "attn_q"), ...rows(heads, paired(heads)) },
    { ...at("self_attn.k_proj", "attn_k"), ...rows(kvHeads, paired(kvHeads)) },
    { ...at("self_attn.v_proj", "attn_v"), ...rows(kvHeads) },
    { ...at("self_attn.o_proj", "attn_output"), shape: [hidden, heads * headSize] },
  ];
}

/** A layer's gate, up and down. */
export function gatedWeights({ hidden, feedForward }: Shape, layer: number): Weight[] {
  const at = namesOf(layer);
  return [
    { ...at("mlp.gate_proj", "ffn_gate"), shape: [feedForward, hidden] },
    { ...at("mlp.up_proj", "ffn_up"), shape: [feedForward, hidden] },
    { ...at("mlp.down_proj", "ffn_down"), shape: [hidden, feedForward] },
  ];
}

/** A layer's norms, by their names there and here. */
export function normWeights(
  names: Readonly<Record<string, string>>,
  layer: number,
  { size, change }: VectorOptions,
): Weight[] {
  const at = namesOf(layer);
  return Object.entries(names).map(([from, to]) => {
    const own = at(from, to);
    return vector(own.from, own.to, { size, change });
  });
}

interface VectorOptions {
  readonly size: number;
  readonly change?: Change | undefined;
}

function vector(from: string, to: string, { size, change }: VectorOptions): Weight {
  return { from, to, shape: [size], ...(change && { change }) };
}

/** A weight's names in layer `layer`. */
export function namesOf(layer: number) {
  return (from: string, to: string) => ({
    from: `model.layers.${layer}.${from}.weight`,
    to: `blk.${layer}.${to}.weight`,
  });
}

/** What each layer has. */
export function perLayer({ layers }: Shape, of: (layer: number) => Weight[]): Weight[] {
  return Array.from({ length: layers }, (_, layer) => of(layer)).flat();
}

/** For families whose engine reads the whole context where the original reads a window of it. */
export function windowNotes(window: number | undefined, contextTokens: number): string[] {
  if (window === undefined || window >= contextTokens) return [];
  return [
    `the original looks back ${window} tokens at the most, the engine at all of them: beyond ${window} tokens answers differ`,
  ];
}
