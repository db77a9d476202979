import { type GgufDescription, describeGguf } from "./describe-gguf.ts";
import { faultsOf } from "./guard-model.ts";
import type { Metadata, MetadataEntry } from "./metadata.ts";
import type { GgufFile } from "./read-gguf.ts";
import type { GgufModel } from "./read-model.ts";
import { elementCount } from "./tensor-types.ts";

/** What a model file holds, as plain values: for people, JSON and pages. */
export interface ModelContents extends GgufDescription {
  /** What speaks against loading it. */
  readonly suspicious: readonly string[];
  /** What is stored how, the most bytes first. */
  readonly types: readonly TypeSum[];
}

export interface TypeSum {
  readonly type: string;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

export interface TensorRow {
  readonly name: string;
  readonly type: string;
  readonly dimensions: readonly number[];
  /** Where it begins in its file. */
  readonly offset: number;
  readonly bytes: number;
}

export function contentsOf({ parts, whole }: GgufModel): ModelContents {
  const described = { ...describeGguf(whole), parts: parts.length };
  return { ...described, suspicious: faultsOf(whole), types: typesOf(whole) };
}

export function tensorRows({ whole }: GgufModel): TensorRow[] {
  return whole.tensors.map(({ type, ...tensor }) => ({ ...tensor, type: type.name }));
}

function typesOf({ tensors }: GgufFile): TypeSum[] {
  const sums = new Map<string, TypeSum>();
  for (const { type, dimensions, bytes } of tensors) {
    const sum = sums.get(type.name) ?? { type: type.name, tensors: 0, parameters: 0, bytes: 0 };
    sums.set(type.name, {
      ...sum,
      tensors: sum.tensors + 1,
      parameters: sum.parameters + elementCount(dimensions),
      bytes: sum.bytes + bytes,
    });
  }
  return [...sums.values()].toSorted((a, b) => b.bytes - a.bytes);
}

export interface MetadataRow {
  readonly key: string;
  readonly type: string;
  /** Of a list: its first values; of a long text: its beginning. */
  readonly value: string;
  /** How many values a list has; null: it is none. */
  readonly count: number | null;
}

const LIST_VALUES = 8;
const VALUE_CHARS = 500;

/** What a file says of itself, cut to what one reads. */
export function metadataRows(metadata: Metadata): MetadataRow[] {
  return Array.from(metadata, ([key, entry]) => ({
    key,
    type: entry.type === "array" ? `list of ${entry.of}` : entry.type,
    value: cut(wordsOf(entry)),
    count: entry.type === "array" ? entry.value.length : null,
  }));
}

function wordsOf(entry: MetadataEntry): string {
  if (entry.type !== "array") return String(entry.value);
  if (entry.of === "array") return "…";
  const first = entry.value.slice(0, LIST_VALUES).map(String).join(", ");
  return entry.value.length > LIST_VALUES ? `${first}, …` : first;
}

function cut(text: string): string {
  return text.length <= VALUE_CHARS ? text : `${text.slice(0, VALUE_CHARS)}…`;
}
