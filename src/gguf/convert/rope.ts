import { float32, type MetadataEntry, string, uint32 } from "../metadata.ts";
import type { ModelConfig } from "./model-config.ts";
import { quote, refusal } from "./refusal.ts";
import type { MadeTensor } from "./weight.ts";

/** Rotary positions: from the config's older and newer forms into llama.cpp's keys. */

const { fround } = Math;

export interface Rope {
  readonly theta: number;
  /** Of layers that look back a window only, where they have their own. */
  readonly localTheta: number | undefined;
  /** `default`, `linear`, `yarn`, `llama3`, `longrope`, … */
  readonly type: string;
  /** The share of a head that turns. */
  readonly share: number;
  /** What the type needs. */
  readonly parameters: ModelConfig;
}

interface Usual {
  readonly theta?: number;
  readonly share?: number;
}

/** Reads `rope_parameters`, or `rope_scaling` and what stands beside it. */
export function readRope(config: ModelConfig, { theta = 10_000, share = 1 }: Usual = {}): Rope {
  const both = config.part("rope_parameters") ?? config.part("rope_scaling");
  const full = both?.part("full_attention") ?? both;
  const local = both?.part("sliding_attention");
  const own = (key: string) => (full?.has(key) ? full : config);
  return {
    theta: own("rope_theta").number("rope_theta", theta),
    localTheta: local?.number("rope_theta"),
    type: full?.text("rope_type") ?? full?.text("type") ?? "default",
    share: own("partial_rotary_factor").number("partial_rotary_factor", share),
    parameters: full ?? config,
  };
}

/** Throws unless all of a head turns. */
export function mustTurnWhole({ share, parameters }: Rope): void {
  if (share !== 1)
    throw refusal(
      `${parameters.path}: partial_rotary_factor ${share} is not known for this family.`,
    );
}

interface Scaled {
  readonly settings: readonly (readonly [string, MetadataEntry])[];
  readonly made: readonly MadeTensor[];
}

interface ScalingOptions {
  /** The types that this family's part of the engine computes. */
  readonly known: readonly string[];
  readonly headSize: number;
  readonly contextTokens: number;
}

/** How positions beyond those of the first training are squeezed. Throws WeirError for an unknown type. */
export function scalingOf(rope: Rope, { known, headSize, contextTokens }: ScalingOptions): Scaled {
  const { type, parameters } = rope;
  if (type === "default") return { settings: [], made: [] };
  if (!known.includes(type))
    throw refusal(
      `${parameters.path} scales its positions by ${quote(type)}; for this family the engine computes only ${known.join(", ")}.`,
    );
  if (type === "llama3") return { settings: [], made: [frequencyFactors(rope, headSize)] };
  const settings: [string, MetadataEntry][] = [
    ["rope.scaling.type", string(type)],
    ["rope.scaling.factor", float32(parameters.number("factor"))],
  ];
  if (type === "yarn") settings.push(...yarnSettings(parameters, contextTokens));
  return { settings, made: [] };
}

function yarnSettings(parameters: ModelConfig, contextTokens: number): [string, MetadataEntry][] {
  const usual = 0.1 * Math.log(parameters.number("factor")) + 1;
  const given = parameters.number("attention_factor", usual);
  if (
    Math.abs(given - usual) > 1e-6 ||
    parameters.has("mscale") ||
    parameters.has("mscale_all_dim")
  )
    throw refusal(
      `${parameters.path} has an attention factor of its own for yarn, which is not known.`,
    );
  const original = parameters.count("original_max_position_embeddings", contextTokens);
  const settings: [string, MetadataEntry][] = [
    ["rope.scaling.original_context_length", uint32(original)],
  ];
  for (const key of ["beta_fast", "beta_slow"]) {
    if (parameters.has(key))
      settings.push([`rope.scaling.yarn_${key}`, float32(parameters.number(key))]);
  }
  return settings;
}

/**
 * By what each frequency is divided: long waves by the factor, short ones by nothing, between them by what
 * lies between. In single precision, as the original computes it.
 */
function frequencyFactors({ theta, parameters }: Rope, headSize: number): MadeTensor {
  const factor = parameters.number("factor", 8);
  const low = parameters.number("low_freq_factor", 1);
  const high = parameters.number("high_freq_factor", 4);
  const original = parameters.number("original_max_position_embeddings", 8192);
  const values = Float32Array.from({ length: headSize / 2 }, (_, at) => {
    const frequency = fround(1 / fround(theta ** fround((2 * at) / headSize)));
    const wave = fround(fround(2 * Math.PI) / frequency);
    if (wave < original / high) return 1;
    if (wave > original / low) return factor;
    const smooth = fround(fround(fround(original / wave) - low) / (high - low));
    return 1 / fround(fround(fround(1 - smooth) / factor) + smooth);
  });
  return { name: "rope_freqs.weight", values };
}
