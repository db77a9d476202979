import type { Book } from "./book.ts";

/** More of stable's last units failed than that: it is no measure for anybody. */
export const BROKEN_SHARE = 0.2;

/** Stable itself fails so often that nothing goes on until it is mended; why, or undefined. */
export function brokenBaseline({ stableFailureShare: share }: Book): string | undefined {
  if (share === undefined || share <= BROKEN_SHARE) return undefined;
  return `Stable itself failed in ${Math.round(share * 100)} % of its last units: nothing is promoted against a baseline that is broken.`;
}
