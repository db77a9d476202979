/** One row of the picture: a layer, or what stands outside all layers. */
export interface LayerRow {
  readonly name: string;
  readonly bytes: number;
  /** The most bytes first. */
  readonly types: readonly { readonly type: string; readonly bytes: number }[];
}

interface Tensor {
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
}

const OUTSIDE: Readonly<Record<string, string>> = {
  token_embd: "Words in",
  output: "Words out",
};

/** What each layer takes, by type: words in first, words out last. */
export function layersOf(tensors: readonly Tensor[]): LayerRow[] {
  const rows = new Map<string, Map<string, number>>();
  for (const { name, type, bytes } of tensors) {
    const key = keyOf(name);
    const row = rows.get(key) ?? new Map<string, number>();
    row.set(type, (row.get(type) ?? 0) + bytes);
    rows.set(key, row);
  }
  return [...rows]
    .toSorted(([a], [b]) => orderOf(a) - orderOf(b))
    .map(([key, types]) => ({
      name: nameOf(key),
      bytes: [...types.values()].reduce((sum, bytes) => sum + bytes, 0),
      types: [...types]
        .map(([type, bytes]) => ({ type, bytes }))
        .toSorted((a, b) => b.bytes - a.bytes),
    }));
}

function keyOf(tensor: string): string {
  const layer = /^blk\.(\d+)\./.exec(tensor)?.[1];
  if (layer !== undefined) return layer;
  return Object.keys(OUTSIDE).find((name) => tensor.startsWith(`${name}.`)) ?? "";
}

function nameOf(key: string): string {
  if (key === "") return "Other";
  return OUTSIDE[key] ?? `Layer ${Number(key) + 1}`;
}

function orderOf(key: string): number {
  if (key === "token_embd") return -1;
  if (key === "") return 1e6;
  return key === "output" ? 1e6 + 1 : Number(key);
}
