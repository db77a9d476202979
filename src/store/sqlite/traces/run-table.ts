import type { DatabaseSync } from "node:sqlite";
import type { Run, RunPayload, RunRecord } from "../../../core/run.ts";
import type { Sealing } from "../../sealing.ts";
import type { BlockWriter, PayloadReader, Piece, Place } from "./blocks.ts";
import { termsOf } from "./find-terms.ts";
import { COLUMNS, toRow } from "./run-rows.ts";
import { seqOf, uuidToBytes } from "./schema.ts";
import type { Words } from "./words.ts";

/** A run on its way into the tables, and its place among them. */
export interface PlacedRun {
  readonly record: RunRecord;
  readonly seq: number;
  readonly isNew: boolean;
  /** Its texts do not go into a block with others'. */
  readonly isAlone: boolean;
}

/** Fewer finished runs than these do not make a block yet: their texts wait by themselves. */
const LEAST_FOR_BLOCK = 16;
const COMPACT_AT_ONCE = 256;

export interface RunTableNeeds {
  readonly words: Words;
  readonly sealing: Sealing;
  readonly blocks: BlockWriter;
  readonly payloads: PayloadReader;
}

/** Rows of runs with their texts and words, written inside the writer's transactions. */
export class RunTable {
  private readonly needs: RunTableNeeds;
  private readonly sql;
  /** Keys that runs of this transaction got. */
  private readonly given = new Set<number>();

  constructor(db: DatabaseSync, needs: RunTableNeeds) {
    this.needs = needs;
    this.sql = prepare(db);
  }

  /** A transaction begins. */
  begin(): void {
    this.given.clear();
  }

  /** Where a run stands, or will stand. */
  place(record: RunRecord, isKept: boolean): PlacedRun {
    const { run } = record;
    const kept = isKept ? this.sql.placeOf.get(uuidToBytes(run.id)) : undefined;
    const seq = kept ? Number(kept["seq"]) : this.newSeq(run);
    // What was in a block already is not looked for there: it stands by itself, and wins.
    const isAlone = run.status === "pending" || (kept !== undefined && kept["block"] !== null);
    return { record, seq, isNew: kept === undefined, isAlone };
  }

  write(runs: readonly PlacedRun[]): void {
    const places = this.writeTexts(runs);
    for (const one of runs) this.writeRow(one, places.get(one.seq));
  }

  /** Packs texts that wait by themselves into a block; gives whether there may be more. */
  compact(atomically: (action: () => void) => void): boolean {
    const hasMerged = this.mergeWords();
    const rows = this.sql.waiting.all(COMPACT_AT_ONCE);
    if (rows.length < LEAST_FOR_BLOCK) return hasMerged;
    atomically(() => {
      const { blocks, payloads } = this.needs;
      const pieces = rows.map((row): Piece => {
        const seq = Number(row["seq"]);
        const json = blocks.toJson(payloads.read(seq, undefined));
        return { seq, at: Number(row["at"]), json };
      });
      blocks.write(pieces, (seq, place) => this.setPlace(seq, place));
    });
    return hasMerged || rows.length === COMPACT_AT_ONCE;
  }

  /** Takes words of removed runs out of the full-text index. */
  mergeAllWords(): void {
    this.sql.mergeAllWords.run();
  }

  /** Writes the texts of runs, many together; tells where those that lie in blocks are. */
  private writeTexts(runs: readonly PlacedRun[]): Map<number, Place> {
    const { blocks } = this.needs;
    const together = runs.filter(({ isAlone }) => !isAlone);
    const isBlock = together.length >= LEAST_FOR_BLOCK;
    for (const { record, seq } of isBlock ? runs.filter(({ isAlone }) => isAlone) : runs) {
      blocks.writeLoose(seq, wholeOf(record));
    }
    const places = new Map<number, Place>();
    if (!isBlock) return places;
    const pieces = together.map(({ record, seq }): Piece => ({
      seq,
      at: record.run.at,
      json: blocks.toJson(wholeOf(record)),
    }));
    blocks.write(pieces, (seq, place) => places.set(seq, place));
    return places;
  }

  private writeRow({ record, seq, isNew }: PlacedRun, place: Place | undefined): void {
    const { sealing, words } = this.needs;
    const { run, attachments, isPatched, text } = record;
    const cells = toRow(sealing.isOn ? withoutTexts(run) : run, seq, isPatched, words);
    if (isNew) {
      const { block = null, start = null, length = null } = place ?? {};
      this.sql.insert.run(...cells, block, start, length);
    } else {
      this.sql.update.run(...cells.slice(1), seq);
      this.sql.dropText.run(seq);
      if (place) this.setPlace(seq, place);
    }
    this.sql.addText.run(seq, `${sealing.isOn ? "" : text}\n${termsOf(run)}`);
    for (const { name, mimeType, base64 } of attachments) {
      const { codec, body } = sealing.close(Buffer.from(base64, "base64"));
      this.sql.putAttachment.run(seq, name, mimeType, codec, body);
    }
  }

  private setPlace(seq: number, { block, start, length }: Place): void {
    this.sql.setPlace.run(block, start, length, seq);
    this.sql.dropLoose.run(seq);
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
}

/** Where texts are sealed, rows show none of them. */
function withoutTexts(run: Run): Run {
  return { ...run, inputPreview: null, outputPreview: null, errorMessage: null };
}

/** The texts of a run as they are kept: a call's stages lie with them. */
function wholeOf({ run, payload }: RunRecord): RunPayload {
  return run.call === null ? payload : Object.assign({ timeline: run.call.timeline }, payload);
}

function prepare(db: DatabaseSync) {
  const own = COLUMNS.slice(1);
  return {
    placeOf: db.prepare("SELECT seq, block FROM run WHERE id = ?"),
    isTaken: db.prepare("SELECT 1 FROM run WHERE seq = ?"),
    insert: db.prepare(
      `INSERT INTO run (${COLUMNS.join(", ")}, block, start, length)
       VALUES (${COLUMNS.map(() => "?").join(", ")}, ?, ?, ?)`,
    ),
    update: db.prepare(
      `UPDATE run SET ${own.map((name) => `${name} = ?`).join(", ")} WHERE seq = ?`,
    ),
    setPlace: db.prepare("UPDATE run SET block = ?, start = ?, length = ? WHERE seq = ?"),
    addText: db.prepare("INSERT INTO run_text (rowid, text) VALUES (?, ?)"),
    dropText: db.prepare("DELETE FROM run_text WHERE rowid = ?"),
    changes: db.prepare("SELECT total_changes() AS n"),
    mergeAllWords: db.prepare("INSERT INTO run_text (run_text, rank) VALUES ('merge', -16)"),
    mergeWords: db.prepare("INSERT INTO run_text (run_text, rank) VALUES ('merge', 200)"),
    dropLoose: db.prepare("DELETE FROM loose WHERE seq = ?"),
    waiting: db.prepare(
      `SELECT loose.seq, run.at FROM loose JOIN run ON run.seq = loose.seq
       WHERE run.block IS NULL AND run.status <> 0 ORDER BY loose.seq LIMIT ?`,
    ),
    putAttachment: db.prepare(
      "INSERT OR REPLACE INTO attachment (seq, name, mime, codec, body) VALUES (?, ?, ?, ?, ?)",
    ),
  };
}
