import type { DatabaseSync } from "node:sqlite";
import { toFullError } from "../disk-full.ts";

/** Runs writes that belong together: all of them are kept, or none. Throws storage_full by its name. */
export function atomically<T>(db: DatabaseSync, write: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const written = write();
    db.exec("COMMIT");
    return written;
  } catch (cause) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw toFullError(cause);
  }
}
