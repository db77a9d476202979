import type { DatabaseSync } from "node:sqlite";
import type { Run, RunPayload } from "../../../core/run.ts";
import { packDotted } from "./dotted-order.ts";
import type { Rollups } from "./rollups.ts";
import { type RunRow, fromRow, rootOrder } from "./run-rows.ts";
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
      if (hung.parentId === null) hung = { ...hung, ...placeUnder(other, call) };
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
    const { traceId, parentId, dottedOrder } = placeUnder(client, fromRow(row, this.words));
    this.sql.hang.run(
      uuidToBytes(traceId),
      uuidToBytes(parentId),
      packDotted(dottedOrder),
      row.seq,
    );
  }
}

function isModelRun({ type }: Run): boolean {
  return type === "llm" || type === "embedding";
}

function placeUnder(client: Run, call: Run) {
  const { id, traceId, dottedOrder } = client;
  const own = call.dottedOrder ?? rootOrder(call.at, call.id);
  return { traceId, parentId: id, dottedOrder: dottedOrder && `${dottedOrder}.${own}` };
}

/** `chatcmpl-…`, `msg_…`: what the upstream called its answer. */
function answerOf(run: Run, { outputs }: RunPayload): string | undefined {
  if (run.source === "call") return run.call?.answerId ?? undefined;
  if (run.type !== "llm" || typeof outputs !== "object" || outputs === null) return undefined;
  const id = "id" in outputs ? outputs.id : undefined;
  return typeof id === "string" && id !== "" && id.length <= MOST_ANSWER_CHARS ? id : undefined;
}
