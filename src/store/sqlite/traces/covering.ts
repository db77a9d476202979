import type { DatabaseSync } from "node:sqlite";
import type { Run, RunPayload } from "../../../core/run.ts";
import { answerOf, isModelRun, placedUnder } from "../../covered-runs.ts";
import { packDotted } from "./dotted-order.ts";
import type { Rollups } from "./rollups.ts";
import { type RunRow, fromRow } from "./run-rows.ts";
import { COVERED, uuidToBytes } from "./schema.ts";
import type { Words } from "./words.ts";

/** Finds the runs of clients that calls of ours count for (src/store/covered-runs.ts). */
export class Covering {
  private readonly words: Words;
  private readonly rollups: Rollups;
  private readonly sql;

  constructor(db: DatabaseSync, words: Words, rollups: Rollups) {
    this.words = words;
    this.rollups = rollups;
    this.sql = {
      callUnder: db.prepare(
        "SELECT 1 FROM run INDEXED BY run_call_parent WHERE trace = ? AND parent = ? AND source = 0 AND tenant = ?",
      ),
      find: db.prepare("SELECT * FROM run WHERE id = ? AND source <> 0 AND tenant = ?"),
      callsOfAnswer: db.prepare(
        "SELECT run.* FROM answer JOIN run ON run.seq = answer.seq WHERE answer.id = ? AND run.source = 0 AND run.tenant = ?",
      ),
      hang: db.prepare("UPDATE run SET trace = ?, parent = ?, dotted = ? WHERE seq = ?"),
      ofAnswer: db.prepare(
        "SELECT run.* FROM answer JOIN run ON run.seq = answer.seq WHERE answer.id = ? AND run.source <> 0 AND run.tenant = ?",
      ),
      cover: db.prepare(`UPDATE run SET flags = flags | ${COVERED} WHERE seq = ?`),
      note: db.prepare("INSERT OR IGNORE INTO answer (id, seq) VALUES (?, ?)"),
    };
  }

  /**
   * The run with what is known of calls of ours that count for it. Runs that it counts for go out of the
   * figures. Where nothing but the answer's id tells that the two belong together, the call is hung
   * under the client's run.
   */
  look(run: Run, payload: RunPayload, before: Run | undefined): Run {
    const tenant = this.words.idOf(run.tenantId) ?? 0;
    if (run.source === "call") return this.lookAtCall(run, tenant);
    if (!isModelRun(run)) return run;
    const answer = answerOf(run, payload);
    const calls = answer === undefined ? [] : this.callsOf(answer, tenant);
    for (const call of calls) this.hang(call, run);
    const isCovered =
      before?.isCovered === true ||
      run.isCovered ||
      calls.length > 0 ||
      this.sql.callUnder.get(uuidToBytes(run.traceId), uuidToBytes(run.id), tenant) !== undefined;
    return isCovered ? { ...run, isCovered } : run;
  }

  /** Keeps the id of a run's answer, for the one that may come after it. */
  note(run: Run, payload: RunPayload, seq: number): void {
    const answer = answerOf(run, payload);
    if (answer !== undefined) this.sql.note.run(answer, seq);
  }

  private lookAtCall(call: Run, tenant: number): Run {
    const parent =
      call.parentId === null ? [] : [this.sql.find.get(uuidToBytes(call.parentId), tenant)];
    const answer = call.call?.answerId ?? undefined;
    const sameAnswer = answer === undefined ? [] : this.sql.ofAnswer.all(answer, tenant);
    let hung = call;
    for (const row of [...parent, ...sameAnswer] as (RunRow | undefined)[]) {
      const other = row && fromRow(row, this.words);
      if (!other || !isModelRun(other)) continue;
      if (hung.parentId === null) hung = placedUnder(other, hung);
      if (other.isCovered) continue;
      this.rollups.replace(other, { ...other, isCovered: true });
      this.sql.cover.run(row.seq);
    }
    return hung;
  }

  private callsOf(answer: string, tenant: number): RunRow[] {
    return this.sql.callsOfAnswer.all(answer, tenant) as unknown as RunRow[]; // the columns of the table
  }

  private hang(row: RunRow, client: Run): void {
    if (row.parent !== null) return;
    const { traceId, dottedOrder } = placedUnder(client, fromRow(row, this.words));
    this.sql.hang.run(
      uuidToBytes(traceId),
      uuidToBytes(client.id),
      packDotted(dottedOrder),
      row.seq,
    );
  }
}
