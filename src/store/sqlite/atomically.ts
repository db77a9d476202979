import type { DatabaseSync } from "node:sqlite";
import { toFullError } from "../disk-full.ts";

/** Runs writes that belong together: all of them are kept, or none. Throws storage_full by its name. */
export function atomically(db: DatabaseSync, write: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    write();
    db.exec("COMMIT");
  } catch (cause) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw toFullError(cause);
  }
}
