/** The values that a GGUF file carries beside its tensors, each with the type it has on disk. */

/** In the order of their numbers on disk: the index is the number. */
export const VALUE_TYPES = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "float32",
  "bool",
  "string",
  "array",
  "uint64",
  "int64",
  "float64",
] as const;

export type ValueType = (typeof VALUE_TYPES)[number];
export type ScalarType = Exclude<ValueType, "array">;

/** A 64-bit integer beyond 2⁵³ is a bigint; every other number is a number. */
export type Scalar = string | number | bigint | boolean;

export interface ScalarEntry {
  readonly type: ScalarType;
  readonly value: Scalar;
}

export type ArrayEntry =
  | { readonly type: "array"; readonly of: ScalarType; readonly value: readonly Scalar[] }
  | { readonly type: "array"; readonly of: "array"; readonly value: readonly ArrayEntry[] };

export type MetadataEntry = ScalarEntry | ArrayEntry;

/** Keys in file order. */
export type Metadata = ReadonlyMap<string, MetadataEntry>;

/** Bytes of one value on disk; a string's length word and an array's head are the least they can be. */
export const VALUE_BYTES: Readonly<Record<ValueType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  string: 8,
  array: 12,
  uint64: 8,
  int64: 8,
  float64: 8,
};

export const uint32 = (value: number): ScalarEntry => ({ type: "uint32", value });
export const int32 = (value: number): ScalarEntry => ({ type: "int32", value });
export const float32 = (value: number): ScalarEntry => ({ type: "float32", value });
export const bool = (value: boolean): ScalarEntry => ({ type: "bool", value });
export const string = (value: string): ScalarEntry => ({ type: "string", value });
export const list = (of: ScalarType, value: readonly Scalar[]): ArrayEntry => ({
  type: "array",
  of,
  value,
});

/** The text under a key, or undefined when it is absent or of another type. */
export function stringAt(metadata: Metadata, key: string): string | undefined {
  const value = metadata.get(key)?.value;
  return typeof value === "string" ? value : undefined;
}

/** The number under a key, or undefined when it is absent or of another type. */
export function numberAt(metadata: Metadata, key: string): number | undefined {
  const value = metadata.get(key)?.value;
  return typeof value === "number" ? value : undefined;
}

/** The truth value under a key, or undefined when it is absent or of another type. */
export function boolAt(metadata: Metadata, key: string): boolean | undefined {
  const value = metadata.get(key)?.value;
  return typeof value === "boolean" ? value : undefined;
}

/** The list under a key, or undefined when it is absent, nested or no list. */
export function listAt(metadata: Metadata, key: string): readonly Scalar[] | undefined {
  const entry = metadata.get(key);
  return entry?.type === "array" && entry.of !== "array" ? entry.value : undefined;
}
