import type { VaultRow } from "../vault-rows.ts";

/** Rows that answers may ask for: the latest so many, about 10 MB. */
export const MOST_MIRRORED = 30_000;

/** A copy in memory of the latest rows, still sealed: answers wait for no database. */
export class VaultMirror {
  private readonly now: () => number;
  private readonly rows = new Map<string, VaultRow>();
  private readonly byName = new Map<string, Set<string>>();

  constructor(now: () => number) {
    this.now = now;
  }

  find(tenant: string, names: readonly string[]): VaultRow[] {
    return names.flatMap((name) =>
      [...(this.byName.get(placeOf(tenant, name)) ?? [])].flatMap((key) => {
        const row = this.rows.get(key);
        return row && row.expiresAt > this.now() ? [row] : [];
      }),
    );
  }

  add(rows: readonly VaultRow[]): void {
    for (const row of rows) {
      const key = keyOf(row);
      this.rows.delete(key);
      this.rows.set(key, row);
      const place = placeOf(row.tenant, row.name);
      const keys = this.byName.get(place);
      if (keys) keys.add(key);
      else this.byName.set(place, new Set([key]));
    }
    for (const row of this.rows.values()) {
      if (this.rows.size <= MOST_MIRRORED) break;
      this.drop(row);
    }
  }

  drop(row: Pick<VaultRow, "tenant" | "name" | "user">): void {
    const key = keyOf(row);
    this.rows.delete(key);
    const place = placeOf(row.tenant, row.name);
    const keys = this.byName.get(place);
    keys?.delete(key);
    if (keys?.size === 0) this.byName.delete(place);
  }

  dropTenant(tenant: string): void {
    for (const row of this.rows.values()) if (row.tenant === tenant) this.drop(row);
  }

  expire(): void {
    for (const row of this.rows.values()) if (row.expiresAt <= this.now()) this.drop(row);
  }
}

function placeOf(tenant: string, name: string): string {
  return `${name} ${tenant}`; // a name has no spaces
}

function keyOf({ tenant, name, user }: Pick<VaultRow, "tenant" | "name" | "user">): string {
  return `${name} ${user} ${tenant}`;
}
