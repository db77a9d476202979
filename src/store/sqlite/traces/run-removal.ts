import type { DatabaseSync } from "node:sqlite";
import type { BlockWriter } from "./blocks.ts";
import type { RunRow } from "./run-rows.ts";
import { firstSeq, uuidToBytes } from "./schema.ts";

/** Tables with rows of a run by its key: its own row goes last. */
const TABLES = ["loose", "attachment", "run"];

/** Takes runs out of every table, and their texts out of blocks that they share with others. */
export class RunRemoval {
  private readonly blocks: BlockWriter;
  private readonly sql;

  constructor(db: DatabaseSync, blocks: BlockWriter) {
    this.blocks = blocks;
    this.sql = prepare(db);
  }

  /** Gives how many of these there were. */
  byIds(ids: readonly string[]): number {
    const seqs = ids.flatMap((id) => this.sql.seqOf.get(uuidToBytes(id))?.["seq"] ?? []);
    return this.bySeqs(seqs.map(Number));
  }

  ofProject(word: number): number {
    return this.bySeqs(this.sql.ofProject.all(word).map(({ seq }) => Number(seq)));
  }

  ofUser(user: number, tenant: number): number {
    return this.bySeqs(this.sql.ofUser.all(user, tenant).map(({ seq }) => Number(seq)));
  }

  tenants(): number[] {
    return this.sql.tenants.all().map(({ tenant }) => Number(tenant));
  }

  /** What is older than `before`, at most so many; gives how many those were. */
  olderThan(before: number, limit: number): number {
    const rows = this.sql.oldest.all(firstSeq(before), limit);
    const last = rows.at(-1)?.["seq"];
    if (last === undefined) return 0;
    for (const statement of this.sql.pruneRuns) statement.run(Number(last));
    // A block whose latest run is older than the oldest that stays.
    this.dropBlocksBefore(rows.length < limit ? before : (this.oldestAt() ?? before));
    return rows.length;
  }

  /** The start of the oldest run. */
  oldestAt(): number | undefined {
    const at = this.sql.oldestAt.get()?.["at"];
    return at === undefined ? undefined : Number(at);
  }

  private bySeqs(seqs: readonly number[]): number {
    this.sql.dropAnswers.run(JSON.stringify(seqs));
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
    return seqs.length;
  }

  private dropBlocksBefore(at: number): void {
    const texts = this.sql.textsBefore.all(Math.floor(at)).map(({ text }) => Number(text));
    this.sql.unuseBefore.run(Math.floor(at));
    this.sql.dropBlocks.run(Math.floor(at));
    for (const text of texts) this.sql.dropSharedText.run(text);
    if (texts.length > 0) this.blocks.forget();
  }
}

function prepare(db: DatabaseSync) {
  return {
    seqOf: db.prepare("SELECT seq FROM run WHERE id = ?"),
    bySeq: db.prepare("SELECT * FROM run WHERE seq = ?"),
    inBlock: db.prepare("SELECT 1 FROM run WHERE seq = ? AND block = ?"),
    ofProject: db.prepare("SELECT seq FROM run WHERE project = ?"),
    ofUser: db.prepare("SELECT seq FROM run WHERE user = ? AND tenant = ?"),
    tenants: db.prepare("SELECT DISTINCT tenant FROM run"),
    oldest: db.prepare("SELECT seq FROM run WHERE seq < ? ORDER BY seq LIMIT ?"),
    oldestAt: db.prepare("SELECT at FROM run ORDER BY seq LIMIT 1"),
    dropFeedbackOf: db.prepare("DELETE FROM feedback WHERE run = ?"),
    dropRun: [
      db.prepare("DELETE FROM run_text WHERE rowid = ?"),
      ...TABLES.map((table) => db.prepare(`DELETE FROM ${table} WHERE seq = ?`)),
    ],
    // Answers are found by their ids: all at once, they are looked through but once.
    dropAnswers: db.prepare("DELETE FROM answer WHERE seq IN (SELECT value FROM json_each(?))"),
    pruneRuns: [
      db.prepare("DELETE FROM answer WHERE seq <= ?"),
      db.prepare("DELETE FROM feedback WHERE run IN (SELECT id FROM run WHERE seq <= ?)"),
      db.prepare("DELETE FROM run_text WHERE rowid IN (SELECT seq FROM run WHERE seq <= ?)"),
      ...TABLES.map((table) => db.prepare(`DELETE FROM ${table} WHERE seq <= ?`)),
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
