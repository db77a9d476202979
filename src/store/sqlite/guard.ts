import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";

export const GUARD_SCHEMA = `
  CREATE TABLE guard_approval (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL, key_id TEXT NOT NULL, tool TEXT NOT NULL,
    arguments TEXT NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, decided_by TEXT
  ) STRICT;
  CREATE INDEX guard_approval_call ON guard_approval (fingerprint);
  CREATE TABLE guard_tool_pin (
    tenant TEXT NOT NULL, tool TEXT NOT NULL, hash TEXT NOT NULL, seen_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, tool)
  ) STRICT, WITHOUT ROWID;`;

/** A tool call that waits for a person, or was decided on. Times are epoch milliseconds. */
export interface StoredApproval {
  readonly id: string;
  readonly tenant: string;
  readonly keyId: string;
  readonly tool: string;
  readonly arguments: string;
  /** Equal for equal calls of one key. */
  readonly fingerprint: string;
  readonly state: "pending" | "approved" | "denied";
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly decidedBy: string | null;
}

const Row = z
  .object({
    id: z.string(),
    tenant: z.string(),
    key_id: z.string(),
    tool: z.string(),
    arguments: z.string(),
    fingerprint: z.string(),
    state: z.enum(["pending", "approved", "denied"]),
    created_at: z.number(),
    expires_at: z.number(),
    decided_by: z.string().nullable(),
  })
  .transform(({ key_id, created_at, expires_at, decided_by, ...row }): StoredApproval => ({
    ...row,
    keyId: key_id,
    createdAt: created_at,
    expiresAt: expires_at,
    decidedBy: decided_by,
  }));

export type GuardStore = ReturnType<typeof createGuardStore>;

/** What the guard remembers: approvals of tool calls, and how tools read when they were first seen. */
export function createGuardStore(db: DatabaseSync, now: () => number) {
  const find = db.prepare(
    "SELECT * FROM guard_approval WHERE fingerprint = ? AND expires_at > ? ORDER BY created_at DESC LIMIT 1",
  );
  const list = db.prepare(
    "SELECT * FROM guard_approval WHERE expires_at > ? ORDER BY created_at DESC LIMIT 500",
  );
  const add = db.prepare("INSERT INTO guard_approval VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const forget = db.prepare("DELETE FROM guard_approval WHERE expires_at <= ?");
  const decide = db.prepare(
    "UPDATE guard_approval SET state = ?, decided_by = ? WHERE id = ? AND state = 'pending' AND expires_at > ? RETURNING *",
  );
  const use = db.prepare("DELETE FROM guard_approval WHERE id = ? AND state = 'approved'");
  const pin = db.prepare("INSERT INTO guard_tool_pin VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const pinned = db.prepare("SELECT hash FROM guard_tool_pin WHERE tenant = ? AND tool = ?");
  const unpin = db.prepare("DELETE FROM guard_tool_pin WHERE tenant = ? AND tool = ?");

  return {
    find(fingerprint: string): StoredApproval | undefined {
      const row = find.get(fingerprint, now());
      return row && Row.parse(row);
    },
    add(approval: StoredApproval): void {
      forget.run(now());
      const { id, tenant, keyId, tool, fingerprint, state, createdAt, expiresAt } = approval;
      add.run(
        id,
        tenant,
        keyId,
        tool,
        approval.arguments,
        fingerprint,
        state,
        createdAt,
        expiresAt,
        approval.decidedBy,
      );
    },
    /** Newest first, at most 500. */
    list: (): StoredApproval[] => list.all(now()).map((row) => Row.parse(row)),
    /** Undefined where nothing of that id waits. */
    decide(id: string, state: "approved" | "denied", by: string): StoredApproval | undefined {
      const row = decide.get(state, by, id, now());
      return row && Row.parse(row);
    },
    /** An approval is good for one call; false where another call was first. */
    use: (id: string): boolean => Number(use.run(id).changes) > 0,
    /** The hash that the tool was first seen with: this one, where it is new. */
    pin(tenant: string, tool: string, hash: string): string {
      const known = pinned.get(tenant, tool)?.["hash"];
      if (typeof known === "string") return known;
      pin.run(tenant, tool, hash, now());
      return hash;
    },
    /** The tool may read differently from now on; false where it is not pinned. */
    unpin: (tenant: string, tool: string): boolean => Number(unpin.run(tenant, tool).changes) > 0,
  };
}
