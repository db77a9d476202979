import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { type TestServer, eventually, startServer, temporaryFolder } from "../support/server.ts";

/** A server whose traces lie in a database of their own, end to end. */

interface SharedDatabase {
  readonly yaml: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Takes it away, as a crash does. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

const NOW = Date.now();
/** At a dollar a million in and two out: three thousandths of one. */
const USAGE = { input_tokens: 1000, output_tokens: 1000 };

export async function checkServer(database: SharedDatabase): Promise<void> {
  const options = { folder: temporaryFolder(), env: database.env ?? {} };
  const yaml = `${database.yaml}\nprices: [{ model: gpt-x, input: 1 USD, output: 2 USD }]`;
  const first = await startServer(yaml, options);
  const root = runOf("Plan a trip", { extra: { metadata: { ls_model_name: "gpt-x", tier: 2 } } });
  const metadata = { ls_model_name: "gpt-x", usage_metadata: USAGE };
  const child = runOf("Ask for the river", { parent: root, run_type: "llm", extra: { metadata } });
  await post(first, [root, child]);
  await shows(first, [root.id, child.id]);
  const [found] = await runsOf(first, "/admin/v1/runs?search=river");
  expect(found).toMatchObject({ id: child.id, name: "Ask for the river" });
  expect(await costOf(first)).toMatchObject({ values: ["gpt-x"], costNanos: 3_000_000 });
  await first.close();

  const second = await startServer(yaml, options);
  await shows(second, [root.id, child.id]);
  const detail = await second.call(`/admin/v1/runs/${root.id}`);
  expect(await detail.json()).toMatchObject({
    run: { id: root.id },
    payload: { inputs: { a: 1 } },
  });
  expect(await sumOf(second)).toBe(2);

  await database.kill();
  const late = runOf("Sent while it is away");
  await post(second, [late]);
  expect((await second.call("/admin/v1/runs")).status).toBe(503);
  await second.close();
  // What was accepted survives the server, too; and a server starts without its trace database.
  const third = await startServer(yaml, options);
  const later = runOf("Sent before it came back");
  await post(third, [later]);
  await database.start();
  await shows(third, [root.id, child.id, late.id, later.id]);
  expect(await sumOf(third)).toBe(4);

  // A second replica, with a log of its own.
  const replica = await startServer(yaml, { ...options, folder: temporaryFolder() });
  const theirs = runOf("Sent to another replica");
  await post(replica, [theirs]);
  await shows(third, [root.id, child.id, late.id, later.id, theirs.id]);
  await post(replica, [{ ...theirs, end_time: NOW + 99 }], "patch");
  await eventually(
    () => runsOf(third, "/admin/v1/runs"),
    (runs) => runs.some((run) => run.id === theirs.id && run.durationMs === 99),
  );
  const gone = await third.call(`/admin/v1/traces/${late.id}`, undefined, { method: "DELETE" });
  expect(gone.status).toBe(200);
  await shows(third, [root.id, child.id, later.id, theirs.id]);
}

interface SentRun {
  readonly id: string;
  readonly trace_id: string;
  readonly dotted_order: string;
}

function runOf(
  name: string,
  { parent, ...more }: { parent?: SentRun; extra?: object; run_type?: string } = {},
): SentRun {
  const id = randomUUID();
  const time = new Date(NOW).toISOString().replaceAll(/[-:.]/g, "").replace("Z", "000Z");
  return {
    id,
    trace_id: parent?.trace_id ?? id,
    ...(parent && { parent_run_id: parent.id }),
    dotted_order: `${parent ? `${parent.dotted_order}.` : ""}${time}${id}`,
    name,
    run_type: "chain",
    session_name: "trips",
    start_time: NOW,
    end_time: NOW + 5,
    inputs: { a: 1 },
    ...more,
  } as SentRun;
}

async function post(server: TestServer, runs: object[], kind = "post"): Promise<void> {
  const answer = await server.call("/langsmith/runs/batch", { post: [], patch: [], [kind]: runs });
  expect(answer.status).toBe(202);
}

async function runsOf(server: TestServer, path: string) {
  const answer = await server.call(path);
  if (answer.status !== 200) return [];
  const { runs } = (await answer.json()) as { runs: { id: string; durationMs: number }[] };
  return runs;
}

async function shows(server: TestServer, ids: readonly string[]): Promise<void> {
  const wanted = ids.toSorted().join();
  const shown = (runs: readonly { id: string }[]) => runs.map(({ id }) => id).toSorted();
  await eventually(
    () => runsOf(server, "/admin/v1/runs"),
    (runs) => shown(runs).join() === wanted,
  );
}

async function costOf(server: TestServer): Promise<unknown> {
  const answer = await server.call("/admin/v1/costs?by=model");
  const report = (await answer.json()) as { rows: { values: unknown[] }[] };
  return report.rows[0];
}

async function sumOf(server: TestServer): Promise<unknown> {
  const answer = await server.call(
    `/admin/v1/figures?from=${NOW - 3_600_000}&to=${NOW + 3_600_000}`,
  );
  const { figures } = (await answer.json()) as { figures: { runs: number }[] };
  return figures[0]?.runs;
}
