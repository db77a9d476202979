import { WeirError } from "../../core/errors.ts";
import { numberAt, stringAt } from "../metadata.ts";
import type { GgufFile } from "../read-gguf.ts";
import { type TensorType, tensorBytes, tensorTypeByName } from "../tensor-types.ts";

/** What a whole file is called, the type of most of its tensors, and its number in `general.file_type`. */
interface Mix {
  readonly base: string;
  readonly fileType: number;
}

/** From the smallest on. */
const MIXES = {
  Q2_K: { base: "Q2_K", fileType: 10 },
  Q3_K_S: { base: "Q3_K", fileType: 11 },
  Q3_K_M: { base: "Q3_K", fileType: 12 },
  Q3_K_L: { base: "Q3_K", fileType: 13 },
  Q4_0: { base: "Q4_0", fileType: 2 },
  Q4_1: { base: "Q4_1", fileType: 3 },
  Q4_K_S: { base: "Q4_K", fileType: 14 },
  Q4_K_M: { base: "Q4_K", fileType: 15 },
  Q5_0: { base: "Q5_0", fileType: 8 },
  Q5_1: { base: "Q5_1", fileType: 9 },
  Q5_K_S: { base: "Q5_K", fileType: 16 },
  Q5_K_M: { base: "Q5_K", fileType: 17 },
  Q6_K: { base: "Q6_K", fileType: 18 },
  Q8_0: { base: "Q8_0", fileType: 7 },
  F16: { base: "F16", fileType: 1 },
  BF16: { base: "BF16", fileType: 32 },
  F32: { base: "F32", fileType: 0 },
} as const satisfies Record<string, Mix>;

export type MixName = keyof typeof MIXES;
export const MIX_NAMES = Object.keys(MIXES) as MixName[]; // the keys of the object above

type Tensor = GgufFile["tensors"][number];

export interface PlannedTensor {
  readonly tensor: Tensor;
  /** The type that it gets; its own: it is copied. */
  readonly type: TensorType;
}

export interface MixOptions {
  readonly mix: MixName;
  /** Whether an importance matrix is at hand: some choices differ. */
  readonly hasImportance?: boolean;
  /** Names of tensors that stay as they are, `*` for any letters. */
  readonly keep?: readonly string[];
}

/** Throws invalid_request that lists what there is. */
export function mixNamed(name: string): MixName {
  const wanted = name.toUpperCase();
  // As the two are called elsewhere.
  const full = { Q3_K: "Q3_K_M", Q4_K: "Q4_K_M", Q5_K: "Q5_K_M" }[wanted] ?? wanted;
  const found = MIX_NAMES.find((mix) => mix === full);
  if (found) return found;
  throw new WeirError("invalid_request", `There is no type "${name}": ${MIX_NAMES.join(", ")}.`);
}

export function fileTypeOf(mix: MixName): number {
  return MIXES[mix].fileType;
}

/**
 * Which type each tensor gets: llama.cpp's choices (v0.5.0), so that a file of a name is the file of that name
 * everywhere. Attention values, the way back down and the output are worth more bits than the rest; what
 * is small or no matrix stays as it is.
 */
export function planMix(file: GgufFile, { mix, hasImportance = false, keep = [] }: MixOptions) {
  const model = describe(file);
  const counts = { values: 0, down: 0 };
  const kept = keep.map(toPattern);
  return inLayerOrder(file.tensors).map((tensor): PlannedTensor => {
    const stays = kept.some((pattern) => pattern.test(tensor.name)) || !isQuantized(tensor);
    if (stays) return { tensor, type: tensor.type };
    const wanted = typeFor(tensor, { mix, hasImportance, model, counts });
    return { tensor, type: typeNamed(fitting(wanted, tensor)) };
  });
}

/** What a model takes in each type, in bytes, the smallest type first. */
export function sizesOf(file: GgufFile): { type: MixName; bytes: number }[] {
  return MIX_NAMES.map((mix) => ({ type: mix, bytes: sizeIn(file, mix) }));
}

function sizeIn(file: GgufFile, mix: MixName): number {
  return planMix(file, { mix }).reduce(
    (sum, { tensor, type }) => sum + tensorBytes(type, tensor.dimensions),
    file.dataOffset,
  );
}

interface Model {
  readonly layers: number;
  readonly isFalcon: boolean;
  readonly isBig: boolean;
  readonly experts: number;
  /** Heads that share a key and a value. */
  readonly shared: number;
  readonly hasOutput: boolean;
  readonly attentions: number;
  readonly downs: number;
}

function describe({ metadata, tensors }: GgufFile): Model {
  const architecture = stringAt(metadata, "general.architecture") ?? "";
  const own = (key: string) => numberAt(metadata, `${architecture}.${key}`) ?? 0;
  const heads = own("attention.head_count");
  const shared = heads / (own("attention.head_count_kv") || heads || 1);
  const layers = own("block_count");
  const count = (pattern: RegExp) => tensors.filter(({ name }) => pattern.test(name)).length;
  return {
    layers,
    isFalcon: architecture === "falcon",
    isBig: layers === 80 && shared !== 1,
    experts: own("expert_count"),
    shared,
    hasOutput: tensors.some(({ name }) => name === "output.weight"),
    attentions: count(/attn_(v|qkv|kv_b)\.weight$/),
    downs: count(/ffn_down/),
  };
}

/** By layer, then by name, whatever order the file has: the choices count layers. */
function inLayerOrder(tensors: readonly Tensor[]): readonly Tensor[] {
  const layerOf = ({ name }: Tensor) => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);
  return tensors.toSorted(
    (a, b) => layerOf(a) - layerOf(b) || (a.name < b.name ? -1 : Number(a.name > b.name)),
  );
}

const SMALL_TENSORS =
  /_norm\.weight$|ffn_gate_inp\.weight|altup|laurel|per_layer_model_proj|ssm_conv1d|shortconv\.conv|pos_embd\.weight|token_types\.weight|time_mix_|attn_rel_b\.weight|position_embd|rope_freqs|rope_factors/;

function isQuantized({ name, dimensions }: Tensor): boolean {
  const matrix = dimensions.filter((size) => size > 1).length >= 2;
  return matrix && name.endsWith("weight") && !SMALL_TENSORS.test(name);
}

interface Choosing {
  readonly mix: MixName;
  readonly hasImportance: boolean;
  readonly model: Model;
  readonly counts: { values: number; down: number };
}

/** A quarter of the layers, the first and last eighths among them. */
function isWorthMore(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
}

function typeFor({ name, dimensions }: Tensor, choosing: Choosing): string {
  const { mix, model } = choosing;
  const { base } = MIXES[mix];
  if (!base.startsWith("Q")) return base;
  if (name === "output.weight" || (name === "token_embd.weight" && !model.hasOutput)) {
    const rows = dimensions[0] ?? 1;
    if (model.isFalcon || rows % typeNamed(base).blockSize !== 0) return "Q8_0";
    return base === "Q8_0" ? base : "Q6_K";
  }
  if (name.includes("attn_v.weight")) return valueType(choosing, base);
  if (name.includes("attn_k.weight") && model.experts === 8) return "Q8_0";
  if (name.includes("ffn_down")) return downType(name, choosing, base);
  if (name.includes("attn_output.weight")) return attentionOutput(mix, model, base);
  if (name.includes("attn_qkv.weight")) {
    return (
      { Q3_K_M: "Q4_K", Q3_K_L: "Q4_K", Q4_K_M: "Q5_K", Q5_K_M: "Q6_K" }[mix as string] ?? base
    );
  }
  return base;
}

function valueType({ mix, model, counts }: Choosing, base: string): string {
  const at = counts.values++;
  let type = base;
  if (mix === "Q2_K") type = model.shared >= 4 ? "Q4_K" : "Q3_K";
  else if (mix === "Q3_K_M") type = at < 2 ? "Q5_K" : "Q4_K";
  else if (mix === "Q3_K_L") type = "Q5_K";
  else if (mix === "Q4_K_M" || mix === "Q5_K_M") {
    if (isWorthMore(at, model.attentions)) type = "Q6_K";
  } else if (mix === "Q4_K_S" && at < 4) type = "Q5_K";
  if (model.isBig && (type === "Q3_K" || type === "Q4_K")) type = "Q5_K";
  return model.experts === 8 ? "Q8_0" : type;
}

/** Where a layer's way back down is among all. */
interface Down {
  readonly base: string;
  readonly isFalcon: boolean;
  readonly hasImportance: boolean;
  readonly isInFirst: (share: number) => boolean;
  readonly isMore: boolean;
}

/** To make up for what an importance matrix takes from these. */
const withLeast = ({ base, hasImportance, isInFirst }: Down) =>
  hasImportance && isInFirst(8) ? base.replace("_0", "_1") : base;
const moreBits = ({ base, isMore }: Down) => (isMore ? "Q6_K" : base);

const DOWN: Partial<Record<MixName, (down: Down) => string>> = {
  Q2_K: () => "Q3_K",
  Q3_K_M: ({ isFalcon, isInFirst, isMore }) =>
    isInFirst(16) ? "Q5_K" : !isFalcon || isMore ? "Q4_K" : "Q3_K",
  Q3_K_L: ({ isFalcon }) => (isFalcon ? "Q4_K" : "Q5_K"),
  Q4_K_M: (down) =>
    !down.isFalcon ? moreBits(down) : down.isInFirst(16) ? "Q6_K" : down.isMore ? "Q5_K" : "Q4_K",
  Q5_K_M: moreBits,
  Q4_K_S: ({ base, isFalcon, isInFirst }) => (!isFalcon && isInFirst(8) ? "Q5_K" : base),
  Q4_0: withLeast,
  Q5_0: withLeast,
};

function downType(name: string, { mix, model, counts, hasImportance }: Choosing, base: string) {
  const hasExperts = model.experts > 1;
  const at = hasExperts ? Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? 0) : counts.down;
  const layers = hasExperts ? model.layers : model.downs;
  counts.down += 1;
  const down: Down = {
    base,
    isFalcon: model.isFalcon,
    hasImportance,
    isInFirst: (share) => at < Math.floor(layers / share),
    isMore: isWorthMore(at, layers),
  };
  return DOWN[mix]?.(down) ?? base;
}

function attentionOutput(mix: MixName, { isFalcon, experts }: Model, base: string): string {
  if (isFalcon) return mix === "Q3_K_L" ? "Q4_K" : base;
  if (experts === 8) return /^Q([23]_K|4_K|3_K_[SM])/.test(mix) && mix !== "Q3_K_L" ? "Q5_K" : base;
  return { Q2_K: "Q3_K", Q3_K_M: "Q4_K", Q3_K_L: "Q5_K" }[mix as string] ?? base;
}

/** What takes the place of a type whose blocks are longer than the tensor's rows, or cut across them. */
const INSTEAD: Readonly<Record<string, string>> = {
  Q2_K: "Q4_0",
  Q3_K: "Q4_0",
  Q4_K: "Q5_0",
  Q5_K: "Q5_1",
  Q6_K: "Q8_0",
};

function fitting(name: string, { dimensions }: Tensor): string {
  const rows = dimensions[0] ?? 1;
  const fits = (type: string) => rows % typeNamed(type).blockSize === 0;
  if (fits(name)) return name;
  const instead = INSTEAD[name] ?? "F16";
  return fits(instead) ? instead : "F16";
}

function typeNamed(name: string): TensorType {
  const type = tensorTypeByName(name);
  if (!type) throw new WeirError("internal", `There is no tensor type ${name}.`);
  return type;
}

function toPattern(pattern: string): RegExp {
  const pieces = pattern.split("*").map((piece) => piece.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pieces.join(".*")}$`);
}
