import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { WeirError, messageOf } from "../../core/errors.ts";

/** A step of a schema's history. Steps are only ever added at the end. */
export type Migration = string;

/**
 * Opens a database file (or `:memory:`) with Weir's settings and brings its schema up to date. Throws
 * invalid_config with what to do when the folder cannot be used.
 */
export function openDatabase(path: string, migrations: readonly Migration[]): DatabaseSync {
  try {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const db = new DatabaseSync(path, { timeout: 5000 });
    // WAL with NORMAL: a killed process loses nothing that was committed; a power cut may lose the last commits.
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    migrate(db, migrations);
    return db;
  } catch (cause) {
    throw toStoreError(path, cause);
  }
}

function migrate(db: DatabaseSync, migrations: readonly Migration[]): void {
  db.exec("BEGIN IMMEDIATE");
  const row = db.prepare("PRAGMA user_version").get();
  const version = Number(row?.["user_version"] ?? 0);
  if (version > migrations.length) {
    db.exec("ROLLBACK");
    throw new WeirError(
      "invalid_config",
      "The data folder was written by a newer Weir. Update Weir.",
    );
  }
  for (const step of migrations.slice(version)) db.exec(step);
  db.exec(`PRAGMA user_version = ${migrations.length}`);
  db.exec("COMMIT");
}

/** What a failure of the data folder means for the person who runs Weir. */
export function toStoreError(path: string, cause: unknown): WeirError {
  if (cause instanceof WeirError) return cause;
  const text = messageOf(cause);
  const hint = /read-?only|EROFS|EACCES|unable to open|permission/i.test(text)
    ? "Weir must be able to write there: check its permissions, or choose another folder with --data."
    : /full|ENOSPC/i.test(text)
      ? "The disk is full: free some room, or choose another folder with --data."
      : /locked|busy/i.test(text)
        ? "Another program holds it: stop the other one, or choose another folder with --data."
        : /not a database|malformed/i.test(text)
          ? "The file is damaged: restore it from a backup, or move it away to start anew."
          : "Choose another folder with --data.";
  return new WeirError("invalid_config", `Cannot use ${path}: ${text}. ${hint}`, { cause });
}
