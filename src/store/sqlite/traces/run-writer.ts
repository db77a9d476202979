import type { DatabaseSync } from "node:sqlite";
import type { LogPosition } from "../../../core/log-position.ts";
import type { Feedback, Project, Run, RunRecord } from "../../../core/run.ts";
import type { RunBatch, StoredRun } from "../../../core/run-batch.ts";
import { answered, cover } from "../../covered-runs.ts";
import { openDatabase } from "../database.ts";
import { Annotations } from "./annotations.ts";
import { BlockWriter, PayloadReader, type Place } from "./blocks.ts";
import { Covering } from "./covering.ts";
import { type OldCall, dropOldCalls, readOldCalls } from "./old-calls.ts";
import { RunRemoval } from "./run-removal.ts";
import { type RunRow, fromRow } from "./run-rows.ts";
import { type PlacedRun, RunTable } from "./run-table.ts";
import { HOUR, MINUTE, Rollups } from "./rollups.ts";
import { withLargeRowIds } from "./row-ids.ts";
import { MIGRATIONS, PATCHED, uuidToBytes } from "./schema.ts";
import { Sealing, type Sealed, type SealingKeys } from "../../sealing.ts";
import { Words } from "./words.ts";

export interface SqliteTraceOptions {
  readonly path: string;
  readonly keys?: SealingKeys;
}

/** Figures outlive the runs: minutes for two days, hours for two years. */
const KEEP_MINUTES_MS = 48 * HOUR;
const KEEP_HOURS_MS = 2 * 365 * 24 * HOUR;

const MOST_JOURNAL_BYTES = 64 * 1024 * 1024;

/** The one writer of the trace database. Everything it does is one transaction. */
export class SqliteRunWriter {
  private readonly annotations: Annotations;
  private readonly db: DatabaseSync;
  private readonly covering: Covering;
  private readonly words: Words;
  private readonly sealing: Sealing;
  private readonly blocks: BlockWriter;
  private readonly payloads: PayloadReader;
  private readonly rollups: Rollups;
  private readonly table: RunTable;
  private readonly removal: RunRemoval;
  private readonly sql;

  constructor({ path, keys = [] }: SqliteTraceOptions) {
    this.db = withLargeRowIds(openDatabase(path, MIGRATIONS));
    // A database that another program holds is tried again soon: traces go to the log meanwhile.
    this.db.exec(
      "PRAGMA cache_size = -24576; PRAGMA wal_autocheckpoint = 4000; PRAGMA busy_timeout = 50",
    );
    // Merging words may write gigabytes at once: the log of changes gives that room back.
    this.db.exec(`PRAGMA journal_size_limit = ${MOST_JOURNAL_BYTES}`);
    // What is deleted is overwritten: texts do not stay behind in free room.
    this.db.exec("PRAGMA secure_delete = ON");
    this.words = new Words(this.db);
    this.sealing = new Sealing(keys);
    this.blocks = new BlockWriter(this.db, this.sealing);
    this.payloads = new PayloadReader(this.db, this.sealing);
    this.rollups = new Rollups(this.db, this.words);
    this.annotations = new Annotations(this.db);
    this.covering = new Covering(this.db, this.words, this.rollups);
    const { words, sealing, blocks, payloads } = this;
    this.table = new RunTable(this.db, { words, sealing, blocks, payloads });
    this.removal = new RunRemoval(this.db, this.blocks);
    this.sql = {
      position: this.db.prepare("SELECT segment, offset FROM log_position"),
      setPosition: this.db.prepare(
        "INSERT OR REPLACE INTO log_position (one, segment, offset) VALUES (1, ?, ?)",
      ),
      find: this.db.prepare("SELECT * FROM run WHERE id = ?"),
      attachmentsOf: this.db.prepare(
        "SELECT name, mime, codec, body FROM attachment WHERE seq = ?",
      ),
    };
  }

  /** How far of the log is in the database. */
  async position(): Promise<LogPosition | undefined> {
    const row = this.sql.position.get();
    return row && { segment: String(row["segment"]), offset: Number(row["offset"]) };
  }

  /** Those of these runs that are kept already. */
  async stored(ids: readonly string[]): Promise<Map<string, StoredRun>> {
    const found = new Map<string, StoredRun>();
    for (const id of ids) {
      const row = this.sql.find.get(uuidToBytes(id)) as RunRow | undefined; // the columns of the table
      if (!row) continue;
      const attachments = this.sql.attachmentsOf.all(row.seq).map((attachment) => ({
        name: String(attachment["name"]),
        mimeType: String(attachment["mime"]),
        base64: this.sealing.open(attachment as unknown as Sealed).toString("base64"),
      }));
      const payload = this.payloads.read(row.seq, placeOf(row));
      found.set(id, {
        run: fromRow(row, this.words),
        payload,
        attachments,
        isPatched: (row.flags & PATCHED) > 0,
      });
    }
    this.payloads.forget();
    return found;
  }

  /** All or nothing. */
  async write(batch: RunBatch): Promise<void> {
    this.atomically(() => {
      for (const project of batch.projects) this.annotations.begin({ ...project, now: batch.now });
      const placed = this.known(batch.runs).flatMap(({ record, before }) =>
        this.count(record, before),
      );
      // In the order of keys: the full-text index writes out what it holds whenever a key goes back.
      this.table.write(placed.toSorted((a, b) => a.seq - b.seq));
      for (const { record, seq } of placed) this.covering.note(record.run, record.payload, seq);
      for (const feedback of batch.feedback) this.annotations.putFeedback(feedback);
      this.rollups.write();
      if (batch.position) {
        this.sql.setPosition.run(batch.position.segment, batch.position.offset);
      }
    });
  }

  async projectNamed(tenantId: string, name: string): Promise<string | undefined> {
    return this.annotations.projectNamed(tenantId, name);
  }

  async putFeedback(feedback: Feedback): Promise<void> {
    this.annotations.putFeedback(feedback);
  }

  async removeFeedback(id: string): Promise<void> {
    this.annotations.removeFeedback(id);
  }

  async putProject(project: Omit<Project, "lastRunAt">): Promise<void> {
    this.annotations.putProject(project);
  }

  /** Removes the project and all its runs; gives how many those were. */
  async removeProject(id: string): Promise<number> {
    return this.overwriting(() => {
      const word = this.words.known(id);
      const gone = word === undefined ? 0 : this.removal.ofProject(word);
      this.annotations.dropProject(id);
      return gone;
    });
  }

  /** Removes these runs with everything of theirs. Texts that lay in blocks with others' are blanked. */
  async remove(ids: readonly string[]): Promise<number> {
    return this.overwriting(() => this.removal.byIds(ids));
  }

  /** Removes a user's runs, and his name from the figures. */
  async removeUser(userId: string, tenantId: string | undefined): Promise<number> {
    return this.overwriting(() => {
      const user = this.words.known(userId);
      if (user === undefined) return 0;
      const tenants =
        tenantId === undefined ? this.removal.tenants() : [this.words.known(tenantId) ?? 0];
      let gone = 0;
      for (const tenant of tenants) {
        gone += this.removal.ofUser(user, tenant);
        this.rollups.dropUser(tenant, user);
      }
      return gone;
    });
  }

  /** Deletes what is older than `before`, at most `limit` runs at once; gives how many went. */
  async prune(before: number, limit: number, now: number): Promise<number> {
    return this.atomically(() => {
      const gone = this.removal.olderThan(before, limit);
      this.rollups.prune(MINUTE, now - KEEP_MINUTES_MS);
      this.rollups.prune(HOUR, now - KEEP_HOURS_MS);
      return gone;
    });
  }

  /** Packs texts that wait by themselves into a block; gives whether there may be more. */
  async compact(): Promise<boolean> {
    return this.table.compact((action) => this.atomically(action));
  }

  oldCalls(limit: number): OldCall[] {
    return readOldCalls(this.db, limit);
  }

  dropOldCalls(lastSeq: number): void {
    this.atomically(() => dropOldCalls(this.db, lastSeq));
  }

  /** Bytes of the database file that hold something. */
  async usedBytes(): Promise<number> {
    const of = (pragma: string) =>
      Number(Object.values(this.db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
    return (of("page_count") - of("freelist_count")) * of("page_size");
  }

  /** The start of the oldest run; undefined where there is none. */
  async oldest(): Promise<number | undefined> {
    return this.removal.oldestAt();
  }

  async close(): Promise<void> {
    this.db.close();
  }

  /** The runs with what they know of each other: what comes together is not in the database yet. */
  private known(runs: RunBatch["runs"]): RunBatch["runs"] {
    const told = cover(
      runs.map(({ record }) => answered(record)),
      [],
    );
    const byId = new Map(told.map((run) => [run.id, run]));
    return runs.map(({ record, before }) => ({
      record: { ...record, run: byId.get(record.run.id) ?? record.run },
      before,
    }));
  }

  /** Counts a run; gives what is to be written of it. */
  private count(record: RunRecord, before: Run | undefined): PlacedRun[] {
    const run = this.covering.look(record.run, record.payload, before);
    this.rollups.replace(before, run);
    if (record.isCountedOnly) return [];
    return [this.table.place({ ...record, run }, before !== undefined)];
  }

  /** What somebody asks to have deleted is gone from the files as well, not only from the tables. */
  private overwriting<T>(action: () => T): T {
    const result = this.atomically(action);
    this.table.mergeAllWords();
    // Readers of this moment may keep the log of changes: the next checkpoint empties it then.
    this.db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
    return result;
  }

  private atomically<T>(action: () => T): T {
    this.db.exec("BEGIN IMMEDIATE");
    this.table.begin();
    try {
      const result = action();
      this.db.exec("COMMIT");
      return result;
    } catch (cause) {
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      this.words.forget();
      this.blocks.forget();
      this.rollups.forget();
      throw cause;
    }
  }
}

function placeOf({ block, start, length }: RunRow): Place | undefined {
  return block === null || start === null || length === null ? undefined : { block, start, length };
}
