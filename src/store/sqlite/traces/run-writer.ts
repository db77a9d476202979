import type { DatabaseSync } from "node:sqlite";
import type {
  AttachmentPart,
  Feedback,
  Project,
  Run,
  RunPayload,
  RunRecord,
} from "../../../core/run.ts";
import type { LogPosition } from "../../append-log.ts";
import { answered, cover } from "../../covered-runs.ts";
import { openDatabase } from "../database.ts";
import { Annotations } from "./annotations.ts";
import { BlockWriter, PayloadReader, type Piece, type Place } from "./blocks.ts";
import { Covering } from "./covering.ts";
import { termsOf } from "./find-terms.ts";
import { type OldCall, dropOldCalls, readOldCalls } from "./old-calls.ts";
import { COLUMNS, type RunRow, fromRow, toRow } from "./run-rows.ts";
import { HOUR, MINUTE, Rollups } from "./rollups.ts";
import { withLargeRowIds } from "./row-ids.ts";
import { MIGRATIONS, PATCHED, firstSeq, seqOf, uuidToBytes } from "./schema.ts";
import { Sealing, type Sealed, type SealingKeys } from "../../sealing.ts";
import { Words } from "./words.ts";

/** As src/watch/trace/run-store.ts asks for them. */
interface RunBatch {
  readonly runs: readonly { readonly record: RunRecord; readonly before: Run | undefined }[];
  readonly feedback: readonly Feedback[];
  readonly projects: readonly Pick<Project, "id" | "tenantId" | "name">[];
  readonly position: LogPosition | undefined;
  readonly now: number;
}

interface StoredRun {
  readonly run: Run;
  readonly payload: RunPayload;
  readonly attachments: readonly AttachmentPart[];
  readonly isPatched: boolean;
}

export interface SqliteTraceOptions {
  readonly path: string;
  readonly keys?: SealingKeys;
}

/** Fewer finished runs than these do not make a block yet: their texts wait by themselves. */
const LEAST_FOR_BLOCK = 16;
const COMPACT_AT_ONCE = 256;
/** Figures outlive the runs: minutes for two days, hours for two years. */
const KEEP_MINUTES_MS = 48 * HOUR;
const KEEP_HOURS_MS = 2 * 365 * 24 * HOUR;

interface Written {
  readonly record: RunRecord;
  readonly seq: number;
  readonly isNew: boolean;
  /** Its texts do not go into a block with others'. */
  readonly isAlone: boolean;
}

/** Where texts are sealed, rows show none of them. */
function withoutTexts(run: Run): Run {
  return { ...run, inputPreview: null, outputPreview: null, errorMessage: null };
}

/** The texts of a run as they are kept: a call's stages lie with them. */
function wholeOf({ run, payload }: RunRecord): RunPayload {
  return run.call === null ? payload : Object.assign({ timeline: run.call.timeline }, payload);
}

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
  private readonly sql: ReturnType<typeof prepare>;
  /** Keys that runs of this transaction got. */
  private readonly given = new Set<number>();

  constructor({ path, keys = [] }: SqliteTraceOptions) {
    this.db = withLargeRowIds(openDatabase(path, MIGRATIONS));
    // A database that another program holds is tried again soon: traces go to the log meanwhile.
    this.db.exec(
      "PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4000; PRAGMA busy_timeout = 50",
    );
    // What is deleted is overwritten: texts do not stay behind in free room.
    this.db.exec("PRAGMA secure_delete = ON");
    this.words = new Words(this.db);
    this.sealing = new Sealing(keys);
    this.blocks = new BlockWriter(this.db, this.sealing);
    this.payloads = new PayloadReader(this.db, this.sealing);
    this.rollups = new Rollups(this.db, this.words);
    this.annotations = new Annotations(this.db);
    this.covering = new Covering(this.db, this.words, this.rollups);
    this.sql = prepare(this.db);
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
      // In the order of keys: the full-text index writes out what it holds whenever a key goes back.
      // What comes together is not in the database yet.
      const known = cover(
        batch.runs.map(({ record }) => answered(record)),
        [],
      );
      const byId = new Map(known.map((run) => [run.id, run]));
      const written = batch.runs
        .flatMap(({ record, before }) =>
          this.count({ ...record, run: byId.get(record.run.id) ?? record.run }, before),
        )
        .toSorted((a, b) => a.seq - b.seq);
      const places = this.writeTexts(written);
      for (const one of written) this.writeRun(one, places.get(one.seq));
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
      const rows = word === undefined ? [] : this.sql.ofProject.all(word);
      this.dropRuns(rows.map(({ seq }) => Number(seq)));
      this.annotations.dropProject(id);
      return rows.length;
    });
  }

  /** Removes these runs with everything of theirs. Texts that lay in blocks with others' are blanked. */
  async remove(ids: readonly string[]): Promise<number> {
    return this.overwriting(() => {
      const seqs = ids.flatMap((id) => this.sql.seqOf.get(uuidToBytes(id))?.["seq"] ?? []);
      this.dropRuns(seqs.map(Number));
      return seqs.length;
    });
  }

  /** Removes a user's runs, and his name from the figures. */
  async removeUser(userId: string, tenantId: string | undefined): Promise<number> {
    return this.overwriting(() => {
      const user = this.words.known(userId);
      if (user === undefined) return 0;
      const tenants =
        tenantId === undefined ? this.allTenants() : [this.words.known(tenantId) ?? 0];
      let count = 0;
      for (const tenant of tenants) {
        const rows = this.sql.ofUser.all(user, tenant);
        this.dropRuns(rows.map(({ seq }) => Number(seq)));
        this.rollups.dropUser(tenant, user);
        count += rows.length;
      }
      return count;
    });
  }

  /** Deletes what is older than `before`, at most `limit` runs at once; gives how many went. */
  async prune(before: number, limit: number, now: number): Promise<number> {
    return this.atomically(() => {
      const rows = this.sql.oldest.all(firstSeq(before), limit);
      const last = rows.at(-1)?.["seq"];
      if (last !== undefined) {
        for (const statement of this.sql.pruneRuns) statement.run(Number(last));
        // A block whose latest run is older than the oldest that stays.
        const horizon = rows.length < limit ? before : this.oldestAt();
        this.dropBlocksBefore(horizon);
      }
      this.rollups.prune(MINUTE, now - KEEP_MINUTES_MS);
      this.rollups.prune(HOUR, now - KEEP_HOURS_MS);
      return rows.length;
    });
  }

  /** Packs texts that wait by themselves into a block; gives whether there may be more. */
  async compact(): Promise<boolean> {
    const hasMerged = this.mergeWords();
    const rows = this.sql.waiting.all(COMPACT_AT_ONCE);
    if (rows.length < LEAST_FOR_BLOCK) return hasMerged;
    this.atomically(() => {
      const pieces = rows.map((row): Piece => {
        const seq = Number(row["seq"]);
        const json = this.blocks.toJson(this.payloads.read(seq, undefined));
        return { seq, at: Number(row["at"]), json };
      });
      this.blocks.write(pieces, (seq, { block, start, length }) => {
        this.sql.setPlace.run(block, start, length, seq);
        this.sql.dropLoose.run(seq);
      });
    });
    return hasMerged || rows.length === COMPACT_AT_ONCE;
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
    const at = this.sql.oldestAt.get()?.["at"];
    return at === undefined || at === null ? undefined : Number(at);
  }

  async close(): Promise<void> {
    this.db.close();
  }

  /** Counts a run; gives what is to be written of it. */
  private count(record: RunRecord, before: Run | undefined): Written[] {
    const run = this.covering.look(record.run, record.payload, before);
    this.rollups.replace(before, run);
    if (record.isCountedOnly) return [];
    const kept = before && this.sql.placeOf.get(uuidToBytes(run.id));
    const seq = kept ? Number(kept["seq"]) : this.newSeq(run);
    // What was in a block already is not looked for there: it stands by itself, and wins.
    const isAlone = run.status === "pending" || (kept !== undefined && kept["block"] !== null);
    return [{ record: { ...record, run }, seq, isNew: kept === undefined, isAlone }];
  }

  /** Writes the texts of runs, many together; tells where those that lie in blocks are. */
  private writeTexts(written: readonly Written[]): Map<number, Place> {
    const together = written.filter(({ isAlone }) => !isAlone);
    const isBlock = together.length >= LEAST_FOR_BLOCK;
    for (const { record, seq } of isBlock ? written.filter(({ isAlone }) => isAlone) : written) {
      this.blocks.writeLoose(seq, wholeOf(record));
    }
    const places = new Map<number, Place>();
    if (!isBlock) return places;
    const pieces = together.map(({ record, seq }): Piece => ({
      seq,
      at: record.run.at,
      json: this.blocks.toJson(wholeOf(record)),
    }));
    this.blocks.write(pieces, (seq, place) => places.set(seq, place));
    return places;
  }

  private writeRun({ record, seq, isNew }: Written, place: Place | undefined): void {
    const { run, payload, attachments, isPatched, text } = record;
    const cells = toRow(this.sealing.isOn ? withoutTexts(run) : run, seq, isPatched, this.words);
    if (isNew) {
      this.sql.insert.run(
        ...cells,
        place?.block ?? null,
        place?.start ?? null,
        place?.length ?? null,
      );
    } else {
      this.sql.update.run(...cells.slice(1), seq);
      this.sql.dropText.run(seq);
      if (place) {
        this.sql.setPlace.run(place.block, place.start, place.length, seq);
        this.sql.dropLoose.run(seq);
      }
    }
    const words = this.sealing.isOn ? "" : text;
    this.sql.addText.run(seq, `${words}\n${termsOf(run)}`);
    for (const { name, mimeType, base64 } of attachments) {
      const { codec, body } = this.sealing.close(Buffer.from(base64, "base64"));
      this.sql.putAttachment.run(seq, name, mimeType, codec, body);
    }
    this.covering.note(run, payload, seq);
  }

  /** The next free key from where the run's start says. */
  private newSeq({ at, id }: Run): number {
    let seq = seqOf(at, Number.parseInt(id.slice(-4), 16));
    while (this.given.has(seq) || this.sql.isTaken.get(seq)) seq += 1;
    this.given.add(seq);
    return seq;
  }

  /** A step of tidying the full-text index; false when there was nothing to do. */
  private mergeWords(): boolean {
    const changes = () => Number(this.sql.changes.get()?.["n"] ?? 0);
    const before = changes();
    this.sql.mergeWords.run();
    return changes() - before >= 2; // FTS5 counts one for the command itself
  }

  private dropRuns(seqs: readonly number[]): void {
    const blocks = new Set<number>();
    for (const seq of seqs) {
      const row = this.sql.bySeq.get(seq) as RunRow | undefined; // the columns of the table
      if (!row) continue;
      if (row.block !== null) blocks.add(row.block);
      this.sql.dropFeedbackOf.run(row.id);
      for (const statement of this.sql.dropRun) statement.run(seq);
    }
    for (const block of blocks) {
      this.blocks.compact(block, (seq) => this.sql.inBlock.get(seq, block) !== undefined);
    }
  }

  private dropBlocksBefore(at: number): void {
    const texts = this.sql.textsBefore.all(Math.floor(at)).map(({ text }) => Number(text));
    this.sql.unuseBefore.run(Math.floor(at));
    this.sql.dropBlocks.run(Math.floor(at));
    for (const text of texts) this.sql.dropSharedText.run(text);
    if (texts.length > 0) this.blocks.forget();
  }

  private oldestAt(): number {
    return Number(this.sql.oldestAt.get()?.["at"] ?? 0);
  }

  private allTenants(): number[] {
    return this.sql.tenants.all().map(({ tenant }) => Number(tenant));
  }

  /** What somebody asks to have deleted is gone from the files as well, not only from the tables. */
  private overwriting<T>(action: () => T): T {
    const result = this.atomically(action);
    this.sql.mergeAllWords.run();
    // Readers of this moment may keep the log of changes: the next checkpoint empties it then.
    this.db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
    return result;
  }

  private atomically<T>(action: () => T): T {
    this.db.exec("BEGIN IMMEDIATE");
    this.given.clear();
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

function prepare(db: DatabaseSync) {
  const own = COLUMNS.slice(1);
  return {
    position: db.prepare("SELECT segment, offset FROM log_position"),
    setPosition: db.prepare(
      "INSERT OR REPLACE INTO log_position (one, segment, offset) VALUES (1, ?, ?)",
    ),
    find: db.prepare("SELECT * FROM run WHERE id = ?"),
    bySeq: db.prepare("SELECT * FROM run WHERE seq = ?"),
    seqOf: db.prepare("SELECT seq FROM run WHERE id = ?"),
    placeOf: db.prepare("SELECT seq, block FROM run WHERE id = ?"),
    isTaken: db.prepare("SELECT 1 FROM run WHERE seq = ?"),
    inBlock: db.prepare("SELECT 1 FROM run WHERE seq = ? AND block = ?"),
    insert: db.prepare(
      `INSERT INTO run (${COLUMNS.join(", ")}, block, start, length)
       VALUES (${COLUMNS.map(() => "?").join(", ")}, ?, ?, ?)`,
    ),
    update: db.prepare(
      `UPDATE run SET ${own.map((name) => `${name} = ?`).join(", ")} WHERE seq = ?`,
    ),
    setPlace: db.prepare("UPDATE run SET block = ?, start = ?, length = ? WHERE seq = ?"),
    addText: db.prepare("INSERT INTO run_text (rowid, text) VALUES (?, ?)"),
    changes: db.prepare("SELECT total_changes() AS n"),
    mergeAllWords: db.prepare("INSERT INTO run_text (run_text, rank) VALUES ('merge', -16)"),
    mergeWords: db.prepare("INSERT INTO run_text (run_text, rank) VALUES ('merge', 200)"),
    dropText: db.prepare("DELETE FROM run_text WHERE rowid = ?"),
    dropLoose: db.prepare("DELETE FROM loose WHERE seq = ?"),
    waiting: db.prepare(
      `SELECT loose.seq, run.at FROM loose JOIN run ON run.seq = loose.seq
       WHERE run.block IS NULL AND run.status <> 0 ORDER BY loose.seq LIMIT ?`,
    ),
    attachmentsOf: db.prepare("SELECT name, mime, codec, body FROM attachment WHERE seq = ?"),
    putAttachment: db.prepare(
      "INSERT OR REPLACE INTO attachment (seq, name, mime, codec, body) VALUES (?, ?, ?, ?, ?)",
    ),
    ofProject: db.prepare("SELECT seq FROM run WHERE project = ?"),
    ofUser: db.prepare("SELECT seq FROM run WHERE user = ? AND tenant = ?"),
    tenants: db.prepare("SELECT DISTINCT tenant FROM run"),
    oldest: db.prepare("SELECT seq FROM run WHERE seq < ? ORDER BY seq LIMIT ?"),
    oldestAt: db.prepare("SELECT at FROM run ORDER BY seq LIMIT 1"),
    dropRun: [
      db.prepare("DELETE FROM run_text WHERE rowid = ?"),
      db.prepare("DELETE FROM loose WHERE seq = ?"),
      db.prepare("DELETE FROM attachment WHERE seq = ?"),
      db.prepare("DELETE FROM answer WHERE seq = ?"),
      db.prepare("DELETE FROM run WHERE seq = ?"),
    ],
    dropFeedbackOf: db.prepare("DELETE FROM feedback WHERE run = ?"),
    pruneRuns: [
      db.prepare("DELETE FROM feedback WHERE run IN (SELECT id FROM run WHERE seq <= ?)"),
      db.prepare("DELETE FROM run_text WHERE rowid IN (SELECT seq FROM run WHERE seq <= ?)"),
      db.prepare("DELETE FROM loose WHERE seq <= ?"),
      db.prepare("DELETE FROM attachment WHERE seq <= ?"),
      db.prepare("DELETE FROM answer WHERE seq <= ?"),
      db.prepare("DELETE FROM run WHERE seq <= ?"),
    ],
    textsBefore: db.prepare(
      "SELECT DISTINCT text FROM block_text WHERE block IN (SELECT id FROM block WHERE at < ?)",
    ),
    unuseBefore: db.prepare(
      "DELETE FROM block_text WHERE block IN (SELECT id FROM block WHERE at < ?)",
    ),
    dropBlocks: db.prepare("DELETE FROM block WHERE at < ?"),
    dropSharedText: db.prepare(
      "DELETE FROM text WHERE id = ? AND NOT EXISTS (SELECT 1 FROM block_text WHERE text = text.id)",
    ),
  };
}
