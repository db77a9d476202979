import { Client } from "langsmith";
import { type EvaluationResult, evaluate, evaluateComparative } from "langsmith/evaluation";
import type { Example, Run } from "langsmith/schemas";
import { Client as Client03 } from "langsmith-0-3-87";
import { evaluate as evaluate03 } from "langsmith-0-3-87/evaluation";
import { expect, it } from "vitest";
import { ADMIN_KEY, eventually, startServer } from "../support/server.ts";

/** Experiments with the vendors' own `evaluate()`, newest and older. */

async function start(more = "") {
  const server = await startServer(`models: {}\n${more}`);
  const at = { apiUrl: new URL("/api/v1", server.url).href, apiKey: ADMIN_KEY };
  const client = new Client(at);
  const { id: datasetId } = await client.createDataset("capitals");
  await client.createExamples({
    inputs: [{ q: "France" }, { q: "Peru" }, { q: "Atlantis" }],
    outputs: [{ a: "Paris" }, { a: "Lima" }, { a: "unknown" }],
    datasetId,
  });
  return { server, client, datasetId, old: new Client03(at) };
}

const ANSWERS: Readonly<Record<string, string>> = { France: "Paris", Peru: "Lima" };
const right = async ({ q }: Record<string, unknown>) => ({ a: ANSWERS[String(q)] ?? "unknown" });
const wrong = async () => ({ a: "Paris" });

interface Judged {
  readonly outputs?: Record<string, unknown>;
  readonly referenceOutputs?: Record<string, unknown>;
}
interface Many {
  readonly outputs: readonly unknown[];
}
interface Pair {
  readonly runs: readonly Run[];
  readonly example: Example;
}
const isExact = ({ outputs, referenceOutputs }: Judged): EvaluationResult => ({
  key: "exact",
  score: outputs?.["a"] === referenceOutputs?.["a"] ? 1 : 0,
});

it("runs the newest evaluate() end to end and gives its results back", async () => {
  const { client, server, datasetId } = await start();
  const results = await evaluate(wrong, {
    data: "capitals",
    client,
    evaluators: [isExact],
    summaryEvaluators: [({ outputs }: Many) => ({ key: "count", score: outputs.length })],
    experimentPrefix: "first",
    metadata: { version: "1" },
    maxConcurrency: 2,
  });
  expect(results.results).toHaveLength(3);
  await client.flush();
  const project = await client.readProject({
    projectName: results.experimentName,
    includeStats: true,
  });
  expect(project).toMatchObject({ reference_dataset_id: datasetId });
  const runs = await eventually(
    () => Array.fromAsync(client.listRuns({ projectId: project.id, isRoot: true })),
    (found) => found.length === 3,
  );
  const examples = await Array.fromAsync(client.listExamples({ datasetId }));
  expect(new Set(runs.map((run) => run.reference_example_id))).toEqual(
    new Set(examples.map(({ id }) => id)),
  );
  const scores = await eventually(
    () => Array.fromAsync(client.listFeedback({ runIds: runs.map(({ id }) => id) })),
    (found) => found.length === 3,
  );
  expect(scores.map(({ score }) => Number(score)).toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
  const { feedback_stats: stats } = project as { feedback_stats?: Record<string, { n: number }> };
  expect(stats?.["exact"]?.n).toBe(3);
  const summary = await server.call(`/api/v1/feedback?session=${project.id}&key=count`);
  expect(await summary.json()).toMatchObject([{ key: "count", score: 3, run_id: null }]);
  const dataset = await client.readDataset({ datasetId });
  expect(dataset).toMatchObject({ session_count: 1, example_count: 3 });
  const experiments = await Array.fromAsync(client.listProjects({ referenceDatasetId: datasetId }));
  expect(experiments.map(({ name }) => name)).toEqual([results.experimentName]);
});

it("shows experiments side by side, old way and new", async () => {
  const { client, server, datasetId } = await start();
  const options = { data: "capitals", client, evaluators: [isExact] };
  const [one, two] = [await evaluate(wrong, options), await evaluate(right, options)];
  await client.flush();
  const ids = await Promise.all(
    [one, two].map(
      async ({ experimentName: projectName }) => (await client.readProject({ projectName })).id,
    ),
  );
  interface Row {
    inputs: Record<string, unknown>;
    runs: { session_id: string; outputs: Record<string, unknown>; feedback_stats: object }[];
  }
  const rows = (await (
    await server.call(`/api/v1/datasets/${datasetId}/runs`, { session_ids: ids })
  ).json()) as Row[];
  expect(rows.map(({ inputs }) => inputs["q"])).toEqual(["France", "Peru", "Atlantis"]);
  const [, peru] = rows;
  const answers = new Map(peru?.runs.map((run) => [run.session_id, run.outputs["a"]]));
  expect(ids.map((id) => answers.get(id))).toEqual(["Paris", "Lima"]);
  expect(peru?.runs[0]?.feedback_stats).toHaveProperty("exact");
  const pages = client.datasets.experimentRuns.query(datasetId, {
    experiment_ids: ids,
    selects: ["ID", "OUTPUTS"],
    page_size: 2,
  });
  const items = await Array.fromAsync(pages);
  expect(items.map(({ runs }) => runs?.length)).toEqual([2, 2, 2]);
  const failed = { [ids[0] ?? ""]: ["and(eq(feedback_key, 'exact'), eq(feedback_score, 1))"] };
  const filtered = await server.call(`/api/v1/datasets/${datasetId}/runs`, {
    session_ids: ids.slice(0, 1),
    filters: failed,
  });
  expect(((await filtered.json()) as Row[]).map(({ inputs }) => inputs["q"])).toEqual(["France"]);
});

it("compares experiments with evaluateComparative()", async () => {
  const { client, server, datasetId } = await start();
  const options = { data: "capitals", client };
  const names = [
    (await evaluate(wrong, options)).experimentName,
    (await evaluate(right, options)).experimentName,
  ];
  await client.flush();
  const comparison = await evaluateComparative(names, {
    client,
    evaluators: [
      ({ runs, example }: Pair) => ({
        key: "preferred",
        scores: Object.fromEntries(
          runs.map(({ id, outputs }) => [id, outputs?.["a"] === example.outputs?.["a"] ? 1 : 0]),
        ),
      }),
    ],
  });
  expect(comparison.results).toHaveLength(3);
  await client.flush();
  const listed = await eventually(
    async () =>
      (await (await server.call(`/api/v1/datasets/${datasetId}/comparative`)).json()) as {
        experiments_info: { name: string }[];
        feedback_stats: Record<string, { n: number }>;
      }[],
    ([first]) => first?.feedback_stats["preferred"]?.n === 6,
  );
  expect(
    listed[0]?.experiments_info.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b)),
  ).toEqual(names.toSorted((a, b) => a.localeCompare(b)));
});

it("evaluates an older version, a split and rows by an older SDK", async () => {
  const { client, datasetId, old } = await start();
  const before = await client.readDatasetVersion({ datasetId, tag: "latest" });
  await client.createExample({ q: "Chile" }, { a: "Santiago" }, { datasetId, split: "new" });
  const results = await evaluate03(right, {
    data: old.listExamples({ datasetId, asOf: before.as_of }),
    client: old,
    evaluators: [
      ({ outputs, referenceOutputs }: Judged) => ({
        key: "exact",
        score: outputs?.["a"] === referenceOutputs?.["a"],
      }),
    ],
  });
  await old.awaitPendingTraceBatches();
  expect(results.results).toHaveLength(3);
  const { id } = await old.readProject({ projectName: results.experimentName });
  const runs = await eventually(
    () => Array.fromAsync(old.listRuns({ projectId: id, isRoot: true })),
    (found) => found.length === 3,
  );
  const scores = await eventually(
    () => Array.fromAsync(old.listFeedback({ runIds: runs.map((run) => run.id) })),
    (found) => found.length === 3,
  );
  expect(scores.every(({ score }) => Number(score) === 1)).toBe(true);
});

/** Each release with its own evaluate() and client. */
const OLDER = {
  "0.1.68": [() => import("langsmith-0-1-68"), () => import("langsmith-0-1-68/evaluation")],
  "0.5.26": [() => import("langsmith-0-5-26"), () => import("langsmith-0-5-26/evaluation")],
  "0.7.17": [() => import("langsmith-0-7-17"), () => import("langsmith-0-7-17/evaluation")],
  "0.9.0": [() => import("langsmith-0-9-0"), () => import("langsmith-0-9-0/evaluation")],
} as const;

interface AnyClient {
  awaitPendingTraceBatches(): Promise<unknown>;
}
type AnyEvaluate = (
  target: typeof right,
  options: object,
) => Promise<{ readonly experimentName: string; readonly results: readonly unknown[] }>;

it.each(Object.keys(OLDER) as (keyof typeof OLDER)[])("runs evaluate() of %s", async (version) => {
  const { client, server } = await start();
  const [openClient, openEvaluate] = OLDER[version];
  const Client = (await openClient()).Client as unknown as new (at: object) => AnyClient;
  const run = (await openEvaluate()).evaluate as unknown as AnyEvaluate; // their types differ, their manners do not
  const old = new Client({
    apiUrl: new URL("/api/v1", server.url).href,
    apiKey: ADMIN_KEY,
  });
  const { experimentName, results } = await run(right, {
    data: "capitals",
    client: old,
    evaluators: [(_run: object) => ({ key: "seen", score: 1 })],
  });
  await old.awaitPendingTraceBatches();
  expect(results).toHaveLength(3);
  const { id } = await client.readProject({ projectName: experimentName });
  const read = () => client.readProject({ projectId: id, includeStats: true });
  const project = await eventually(
    async () => (await read()) as { feedback_stats?: Record<string, { n: number }> },
    ({ feedback_stats: stats }) => stats?.["seen"]?.n === 3,
  );
  expect(project.feedback_stats?.["seen"]?.n).toBe(3);
});

it("makes examples of runs, with what they were sent and their attachments", async () => {
  const { client } = await start("traces: { capture: full }");
  const id = crypto.randomUUID();
  const at = new Date().toISOString();
  await client.createRun({
    id,
    trace_id: id,
    dotted_order: `${at.replaceAll(/[-:.Z]/g, "")}000Z${id}`,
    name: "kept",
    run_type: "chain",
    inputs: { q: "Chad" },
    outputs: { a: "N'Djamena" },
    attachments: { note: ["text/plain", new TextEncoder().encode("a note")] },
    start_time: at,
    end_time: Date.now(),
  });
  await client.flush();
  const { id: datasetId } = await client.createDataset("of runs");
  const upload = {
    inputs: {},
    source_run_id: id,
    use_source_run_io: true,
    use_source_run_attachments: ["note"],
  };
  const { example_ids: ids } = await client.uploadExamplesMultipart(datasetId, [upload]);
  const example = await client.readExample(ids[0] ?? "");
  expect(example).toMatchObject({
    inputs: { q: "Chad" },
    outputs: { a: "N'Djamena" },
    source_run_id: id,
  });
  const file = await fetch(example.attachments?.["note"]?.presigned_url ?? "");
  expect(await file.text()).toBe("a note");
});

it.each<[path: string, body: unknown, status: number, field: string]>([
  ["/datasets/DATASET/runs", {}, 400, "session_ids"],
  ["/datasets/DATASET/runs", { session_ids: [] }, 400, "session_ids"],
  ["/datasets/comparative", { name: "x", experiment_ids: [] }, 400, "experiment_ids"],
  [
    "/datasets/comparative",
    { name: "x", experiment_ids: [crypto.randomUUID()] },
    404,
    "experiment_ids",
  ],
])("POST %s with %j is refused naming the field", async (path, body, status, field) => {
  const { server, datasetId } = await start();
  const answer = await server.call(`/api/v1${path.replace("DATASET", datasetId)}`, body);
  const { param } = (await answer.json()) as { param?: string };
  expect({ status: answer.status, param }).toEqual({ status, param: field });
});
