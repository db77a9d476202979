import type { DatabaseSync } from "node:sqlite";
import type { Run, RunPayload } from "../../../core/run.ts";
import {
  answerOf,
  isModelRun,
  isUpstreamRun,
  mayHangUnder,
  placedUnder,
} from "../../covered-runs.ts";
import { packDotted } from "./dotted-order.ts";
import type { Rollups } from "./rollups.ts";
import { type RunRow, fromRow } from "./run-rows.ts";
import { COVERED, uuidToBytes } from "./schema.ts";
import type { Words } from "./words.ts";

/** Finds the runs of clients and upstreams that calls of ours count for (src/store/covered-runs.ts). */
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
      callAbove: db.prepare("SELECT 1 FROM run WHERE id = ? AND source = 0 AND tenant = ?"),
      isKept: db.prepare("SELECT 1 FROM run WHERE id = ?"),
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
      this.sql.callUnder.get(uuidToBytes(run.traceId), uuidToBytes(run.id), tenant) !== undefined ||
      this.hasCallAbove(run, tenant);
    return isCovered ? { ...run, isCovered } : run;
  }

  /** Keeps the id of a run's answer, and of a call that is not here yet, for the one that may come after it. */
  note(run: Run, payload: RunPayload, seq: number): void {
    const answer = answerOf(run, payload);
    if (answer !== undefined) this.sql.note.run(answer, seq);
    if (run.parentId === null || run.isCovered || !isUpstreamRun(run)) return;
    if (!this.sql.isKept.get(uuidToBytes(run.parentId)))
      this.sql.note.run(under(run.parentId), seq);
  }

  private hasCallAbove(run: Run, tenant: number): boolean {
    if (run.parentId === null || !isUpstreamRun(run)) return false;
    return this.sql.callAbove.get(uuidToBytes(run.parentId), tenant) !== undefined;
  }

  private lookAtCall(call: Run, tenant: number): Run {
    let hung = call;
    for (const row of this.othersOf(call, tenant)) {
      const other = fromRow(row, this.words);
      if (!isModelRun(other)) continue;
      if (mayHangUnder(hung, other)) hung = placedUnder(other, hung);
      if (other.isCovered) continue;
      this.rollups.replace(other, { ...other, isCovered: true });
      this.sql.cover.run(row.seq);
    }
    return hung;
  }

  /** The run above it, those below it, and those with its answer: each once. */
  private othersOf({ id, parentId, call }: Run, tenant: number): Iterable<RunRow> {
    const rows = [
      ...(parentId === null ? [] : this.sql.find.all(uuidToBytes(parentId), tenant)),
      ...(call?.answerId == null ? [] : this.sql.ofAnswer.all(call.answerId, tenant)),
      ...this.sql.ofAnswer.all(under(id), tenant),
    ] as unknown as RunRow[]; // the columns of the table
    return new Map(rows.map((row) => [row.seq, row])).values();
  }

  private callsOf(answer: string, tenant: number): RunRow[] {
    return this.sql.callsOfAnswer.all(answer, tenant) as unknown as RunRow[]; // the columns of the table
  }

  private hang(row: RunRow, client: Run): void {
    const call = fromRow(row, this.words);
    if (!mayHangUnder(call, client)) return;
    const { traceId, dottedOrder } = placedUnder(client, call);
    this.sql.hang.run(
      uuidToBytes(traceId),
      uuidToBytes(client.id),
      packDotted(dottedOrder),
      row.seq,
    );
  }
}

/** Among ids of answers: what a run is noted under whose call is not here yet. */
function under(callId: string): string {
  return `under ${callId}`;
}
