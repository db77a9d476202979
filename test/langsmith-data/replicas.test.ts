import { Client } from "langsmith";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresServer, needsPostgres, startPostgres } from "../support/postgres.ts";
import { ADMIN_KEY, startServer } from "../support/server.ts";

/** Several servers over one PostgreSQL have the same datasets, prompts and queues. */

let postgres: PostgresServer | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

const YAML = "models: {}\npostgres: { urlEnv: DATABASE }";

async function startReplica(url: string): Promise<Client> {
  const server = await startServer(YAML, { env: { DATABASE: url } });
  return new Client({ apiUrl: new URL("/api/v1", server.url).href, apiKey: ADMIN_KEY });
}

it("shares what users make among replicas, and loses no change of any", async (context) => {
  needsPostgres(context);
  const url = (await postgres?.database()) ?? "";
  const one = await startReplica(url);
  const two = await startReplica(url);
  const { id: datasetId } = await one.createDataset("shared");
  const writers = Array.from({ length: 12 }, (_, q) =>
    (q % 2 === 0 ? one : two).createExample({ q }, { a: q }, { datasetId }),
  );
  await Promise.all(writers);
  const seen = await Array.fromAsync(two.listExamples({ datasetName: "shared" }));
  expect(new Set(seen.map(({ inputs }) => Number(inputs?.["q"]))).size).toBe(12);
  const [first] = seen;
  await two.updateExample({ id: first?.id ?? "", dataset_id: datasetId, outputs: { a: "new" } });
  expect((await one.readExample(first?.id ?? "")).outputs).toEqual({ a: "new" });

  const manifest = { lc: 1, type: "constructor", id: ["x"], kwargs: { text: "one" } };
  await one.pushPrompt("p", { object: manifest });
  const { commit_hash: parentCommitHash } = await two.pullPromptCommit("p");
  await two.createCommit("p", { ...manifest, kwargs: { text: "two" } }, { parentCommitHash });
  const late = one.createCommit("p", { ...manifest, kwargs: {} }, { parentCommitHash });
  await expect(late).rejects.toMatchObject({ name: "LangSmithConflictError" });

  const queue = await one.createAnnotationQueue({ name: "q" });
  expect(await two.readAnnotationQueue(queue.id)).toMatchObject({ name: "q" });
});
