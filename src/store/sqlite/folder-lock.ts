import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { WeirError, messageOf } from "../../core/errors.ts";
import { toStoreError } from "./database.ts";

/**
 * Keeps a second server off a data folder. The lock is SQLite's own on a file of its own, so the
 * kernel frees it however this process ends.
 */
export function lockFolder(folder: string): { release(): void } {
  const path = join(folder, "server.lock");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const db = new DatabaseSync(path, { timeout: 0 });
    db.exec("PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE");
    db.exec("BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (at); COMMIT");
    return { release: () => db.close() };
  } catch (cause) {
    if (!/locked|busy/i.test(messageOf(cause))) throw toStoreError(folder, cause);
    throw new WeirError(
      "invalid_config",
      `Another Weir server uses the data folder ${folder}. Stop it, or give this one a folder of its own with --data.`,
      { cause },
    );
  }
}
