import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { atomically } from "./atomically.ts";

export const GUARD_TEXTS_SCHEMA = `
  CREATE TABLE guard_text (
    id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, document TEXT NOT NULL,
    prints BLOB NOT NULL, expires_at INTEGER NOT NULL, UNIQUE (tenant, document)
  ) STRICT;
  CREATE INDEX guard_text_expiry ON guard_text (expires_at);
  CREATE TABLE guard_text_removals (number INTEGER NOT NULL) STRICT;
  INSERT INTO guard_text_removals VALUES (0);`;

/** What is kept of a document: fingerprints, and no text. Times are epoch milliseconds. */
export interface StoredText {
  readonly tenant: string;
  /** Its name, or a hash of it: a document of the same name takes its place. */
  readonly document: string;
  readonly prints: Uint8Array;
  readonly expiresAt: number;
}

const Row = z
  .object({
    id: z.number(),
    tenant: z.string(),
    prints: z.instanceof(Uint8Array),
    expires_at: z.number(),
  })
  .transform(({ expires_at: expiresAt, ...row }) => ({ ...row, expiresAt }));
const Share = z.object({ tenant: z.string(), bytes: z.number() });

export type GuardTextStore = ReturnType<typeof createGuardTextStore>;

/** Fingerprints of tenants' documents. Whoever follows them reads what is new, and all when some were removed. */
export function createGuardTextStore(db: DatabaseSync, now: () => number) {
  const same = db.prepare(
    "UPDATE guard_text SET expires_at = ? WHERE tenant = ? AND document = ? AND prints = ?",
  );
  const drop = db.prepare("DELETE FROM guard_text WHERE tenant = ? AND document = ?");
  const add = db.prepare(
    "INSERT INTO guard_text (tenant, document, prints, expires_at) VALUES (?, ?, ?, ?)",
  );
  const expire = db.prepare("DELETE FROM guard_text WHERE expires_at <= ?");
  const shares = db.prepare(
    "SELECT tenant, sum(length(prints)) AS bytes FROM guard_text GROUP BY tenant",
  );
  const dropOldest = db.prepare(
    "DELETE FROM guard_text WHERE id = (SELECT min(id) FROM guard_text WHERE tenant = ?) RETURNING length(prints) AS bytes",
  );
  const removals = db.prepare("SELECT number FROM guard_text_removals");
  const noteRemovals = db.prepare("UPDATE guard_text_removals SET number = number + ?");
  const after = db.prepare(
    "SELECT id, tenant, prints, expires_at FROM guard_text WHERE id > ? AND expires_at > ? ORDER BY id",
  );

  function removed(changes: number | bigint): void {
    if (Number(changes) > 0) noteRemovals.run(changes);
  }

  /** The oldest of whoever has most go first. */
  function shrink(mostBytes: number): void {
    const left = new Map(
      shares.all().map((row) => {
        const { tenant, bytes } = Share.parse(row);
        return [tenant, bytes];
      }),
    );
    let total = left.values().reduce((sum, bytes) => sum + bytes, 0);
    while (total > mostBytes) {
      const [tenant, bytes] = left
        .entries()
        .reduce((one, other) => (other[1] > one[1] ? other : one));
      const gone = Number(dropOldest.get(tenant)?.["bytes"] ?? bytes);
      left.set(tenant, bytes - gone);
      total -= gone;
      noteRemovals.run(1);
    }
  }

  return {
    /** Keeps them, and no more than so many bytes of all. Throws storage_full. */
    add(texts: readonly StoredText[], mostBytes: number): void {
      atomically(db, () => {
        removed(expire.run(now()).changes);
        for (const { tenant, document, prints, expiresAt } of texts) {
          if (Number(same.run(expiresAt, tenant, document, prints).changes) > 0) continue;
          removed(drop.run(tenant, document).changes);
          add.run(tenant, document, prints, expiresAt);
        }
        shrink(mostBytes);
      });
    },
    /** What came after the row `id`, in order. */
    after: (id: number) => after.all(id, now()).map((row) => Row.parse(row)),
    /** Grows with every removal. */
    removals: (): number => Number(removals.get()?.["number"] ?? 0),
  };
}
