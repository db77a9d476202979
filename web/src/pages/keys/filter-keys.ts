import type { KeyRow } from "../../../../src/http/access-schemas.ts";

export type KeyState = "in use" | "revoked" | "all";

/** The keys in such a state that have every word of the search somewhere, newest first. */
export function filterKeys(
  keys: readonly KeyRow[],
  search: string,
  state: KeyState,
): readonly KeyRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return keys
    .filter((key) => state === "all" || key.revoked === (state === "revoked"))
    .filter((key) => {
      const text = [key.name, key.tenant, key.prefix, key.note ?? "", ...key.scopes]
        .join("\n")
        .toLowerCase();
      return words.every((word) => word === key.id || text.includes(word));
    })
    .toSorted((a, b) => b.createdAt - a.createdAt);
}
