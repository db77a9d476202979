import type { DatabaseSync } from "node:sqlite";
import type { Run, RunPayload } from "../../../core/run.ts";
import type { Rollups } from "./rollups.ts";
import { type RunRow, fromRow } from "./run-rows.ts";
import { COVERED, uuidToBytes } from "./schema.ts";
import type { Words } from "./words.ts";

const MOST_ANSWER_CHARS = 100;

/**
 * A client that traces its own model runs and calls Weir for them reports the same tokens twice: once
 * as its run, once as our call. The call is known to be under the run by its parent, or to be the same by
 * the id of the answer; sums then leave the client's run out.
 */
export class Covering {
  private readonly words: Words;
  private readonly rollups: Rollups;
  private readonly sql;

  constructor(db: DatabaseSync, words: Words, rollups: Rollups) {
    this.words = words;
    this.rollups = rollups;
    this.sql = {
      callUnder: db.prepare(
        "SELECT 1 FROM run WHERE trace = ? AND parent = ? AND source = 0 AND tenant = ?",
      ),
      find: db.prepare("SELECT * FROM run WHERE id = ? AND source <> 0 AND tenant = ?"),
      callOfAnswer: db.prepare(
        "SELECT 1 FROM answer JOIN run ON run.seq = answer.seq WHERE answer.id = ? AND run.source = 0 AND run.tenant = ?",
      ),
      ofAnswer: db.prepare(
        "SELECT run.* FROM answer JOIN run ON run.seq = answer.seq WHERE answer.id = ? AND run.source <> 0 AND run.tenant = ?",
      ),
      cover: db.prepare(`UPDATE run SET flags = flags | ${COVERED} WHERE seq = ?`),
      note: db.prepare("INSERT OR IGNORE INTO answer (id, seq) VALUES (?, ?)"),
    };
  }

  /** The run with what is known of calls of ours that count for it. Runs that it counts for go out of the figures. */
  look(run: Run, payload: RunPayload, before: Run | undefined): Run {
    const tenant = this.words.idOf(run.tenantId) ?? 0;
    if (run.source === "call") {
      this.coverOthers(run, tenant);
      return run;
    }
    if (run.type !== "llm" && run.type !== "embedding") return run;
    const answer = answerOf(run, payload);
    const isCovered =
      before?.isCovered === true ||
      this.sql.callUnder.get(uuidToBytes(run.traceId), uuidToBytes(run.id), tenant) !== undefined ||
      (answer !== undefined && this.sql.callOfAnswer.get(answer, tenant) !== undefined);
    return isCovered ? { ...run, isCovered } : run;
  }

  /** Keeps the id of a run's answer, for the one that may come after it. */
  note(run: Run, payload: RunPayload, seq: number): void {
    const answer = answerOf(run, payload);
    if (answer !== undefined) this.sql.note.run(answer, seq);
  }

  private coverOthers(call: Run, tenant: number): void {
    const rows: unknown[] = [];
    if (call.parentId !== null) rows.push(this.sql.find.get(uuidToBytes(call.parentId), tenant));
    if (call.call?.answerId != null)
      rows.push(...this.sql.ofAnswer.all(call.call.answerId, tenant));
    for (const row of rows as (RunRow | undefined)[]) {
      if (!row) continue;
      const other = fromRow(row, this.words);
      if (other.isCovered || (other.type !== "llm" && other.type !== "embedding")) continue;
      this.rollups.replace(other, { ...other, isCovered: true });
      this.sql.cover.run(row.seq);
    }
  }
}

/** `chatcmpl-…`, `msg_…`: what the upstream called its answer. */
function answerOf(run: Run, { outputs }: RunPayload): string | undefined {
  if (run.source === "call") return run.call?.answerId ?? undefined;
  if (run.type !== "llm" || typeof outputs !== "object" || outputs === null) return undefined;
  const id = "id" in outputs ? outputs.id : undefined;
  return typeof id === "string" && id !== "" && id.length <= MOST_ANSWER_CHARS ? id : undefined;
}
