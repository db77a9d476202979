/**
 * A client that traces its own model runs and calls Weir for them reports the same tokens twice: as
 * its run and as our call. Sums leave the client's run out (src/store/sqlite/traces/covering.ts).
 */
import type { PoolClient } from "pg";
import type { Run, RunPayload, RunRecord } from "../../../core/run.ts";

interface Batch extends ReadonlyArray<{
  readonly record: RunRecord;
  readonly before: Run | undefined;
}> {}

const MODEL_TYPES = ["llm", "embedding"];
const MOST_ANSWER_CHARS = 100;

/** Those of the clients' runs under which, or with whose answer, a call of ours is known; and the answers' ids. */
export async function markCovered(client: PoolClient, runs: Batch) {
  const answers = new Map<string, string>();
  const asked: { id: string; trace: string; tenant: string; answer: string | null }[] = [];
  for (const { record } of runs) {
    const { run } = record;
    const answer = answerOf(run, record.payload);
    if (answer !== undefined) answers.set(run.id, answer);
    if (run.source === "call" || !MODEL_TYPES.includes(run.type)) continue;
    asked.push({ id: run.id, trace: run.traceId, tenant: run.tenantId, answer: answer ?? null });
  }
  const covered = new Set<string>(callsIn(runs, asked));
  if (asked.length > 0) {
    const { rows } = await client.query<{ id: string }>(
      `SELECT asked.id FROM json_to_recordset($1::json) AS asked(id uuid, trace uuid, tenant text, answer text)
       WHERE EXISTS (SELECT 1 FROM weir.run WHERE trace_id = asked.trace AND parent_id = asked.id
         AND source = 'call' AND tenant_id = asked.tenant)
       OR EXISTS (SELECT 1 FROM weir.run WHERE answer_id = asked.answer AND source = 'call' AND tenant_id = asked.tenant)`,
      [JSON.stringify(asked)],
    );
    for (const { id } of rows) covered.add(id);
  }
  return { has: (id: string) => covered.has(id), answers };
}

/** Marks the runs of clients that these calls count for. */
export async function coverOthers(client: PoolClient, runs: Batch): Promise<void> {
  const calls = runs.flatMap(({ record: { run } }) =>
    run.source === "call" && (run.parentId !== null || run.call?.answerId)
      ? [{ parent: run.parentId, tenant: run.tenantId, answer: run.call?.answerId ?? null }]
      : [],
  );
  if (calls.length === 0) return;
  await client.query(
    `UPDATE weir.run SET is_covered = true FROM json_to_recordset($1::json) AS call(parent uuid, tenant text, answer text)
     WHERE (run.id = call.parent OR run.answer_id = call.answer) AND run.tenant_id = call.tenant
     AND run.source <> 'call' AND run.type = ANY($2) AND NOT run.is_covered`,
    [JSON.stringify(calls), MODEL_TYPES],
  );
}

/** Calls that come in the same batch. */
function callsIn(
  runs: Batch,
  asked: readonly { id: string; tenant: string; answer: string | null }[],
): string[] {
  const calls = runs.filter(({ record }) => record.run.source === "call");
  return asked
    .filter(({ id, tenant, answer }) =>
      calls.some(
        ({ record: { run } }) =>
          run.tenantId === tenant &&
          (run.parentId === id || (answer !== null && run.call?.answerId === answer)),
      ),
    )
    .map(({ id }) => id);
}

function answerOf(run: Run, { outputs }: RunPayload): string | undefined {
  if (run.source === "call") return run.call?.answerId ?? undefined;
  if (run.type !== "llm" || typeof outputs !== "object" || outputs === null) return undefined;
  const id = "id" in outputs ? outputs.id : undefined;
  return typeof id === "string" && id !== "" && id.length <= MOST_ANSWER_CHARS ? id : undefined;
}
