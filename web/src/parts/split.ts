import { dimensionOf, type DimensionName } from "./dimensions.ts";

/** By what figures are split, and which of them alone are looked at. */
export interface Split {
  readonly by: DimensionName;
  /** One value of one dimension alone. */
  readonly only: { readonly dimension: DimensionName; readonly value: string } | null;
}

export const BY_MODEL: Split = { by: "model", only: null };

export function splitFrom(params: URLSearchParams): Split {
  const only = dimensionOf(params.get("only"));
  return {
    by: dimensionOf(params.get("by")) ?? BY_MODEL.by,
    only: only === undefined ? null : { dimension: only, value: params.get("value") ?? "" },
  };
}

/** Into a page's address; what is as it was at first does not appear. */
export function putSplit(params: URLSearchParams, { by, only }: Split): void {
  if (by !== BY_MODEL.by) params.set("by", by);
  if (only === null) return;
  params.set("only", only.dimension);
  params.set("value", only.value);
}
