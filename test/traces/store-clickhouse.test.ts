import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { openClickHouseRunWriter } from "../../src/store/clickhouse/run-writer.ts";
import { type ClickHouseProcess, needsClickHouse, startClickHouse } from "../support/clickhouse.ts";
import { eventually, startServer } from "../support/server.ts";
import { checkServer } from "./store-server.ts";
import { NOW, batchOf, idOf, record, run } from "./stored-runs.ts";

let server: ClickHouseProcess | undefined;
beforeAll(async () => {
  server = await startClickHouse();
});
afterAll(() => server?.stop());
beforeEach((context) => needsClickHouse(context));

const yamlOf = (more: string) =>
  `traces: { capture: full, store: { clickhouse: { url: "${server?.url}", userEnv: CH_USER, passwordEnv: CH_PASSWORD${more} } } }`;
const env = { CH_USER: "weir", CH_PASSWORD: "secret" };

it("keeps a server's traces in ClickHouse: over restarts, while it is away, and for replicas", async () => {
  const checked = checkServer({
    yaml: yamlOf(`, database: ${server?.database()}`),
    env,
    kill: async () => server?.kill(),
    start: async () => server?.start(),
  });
  await expect(checked).resolves.toBeUndefined();
});

it("says at the start what is wrong with its settings", async () => {
  await expect(startServer(yamlOf(""))).rejects.toThrow(/CH_USER, which is not set/);
  const wrong = startServer(yamlOf(""), { env: { ...env, CH_PASSWORD: "other" } });
  await expect(wrong).rejects.toThrow(/traces\.store\.clickhouse/);
  await expect(startServer(yamlOf(", database: a-b"))).rejects.toThrow(/letters, digits/);
  await expect(
    startServer("traces: { store: { clickhouse: { url: 'http://a:b@c:8123' } } }"),
  ).rejects.toThrow(/password/);
});

it("has texts of removed runs deleted for good", async () => {
  const database = server?.database() ?? "";
  const options = { url: server?.url ?? "", database, writer: "one" };
  const writer = await openClickHouseRunWriter(options);
  onTestFinished(() => writer.close());
  const secret = record(run("secret", { inputPreview: "quartz", userId: "ann" }));
  await writer.write(batchOf([secret, record(run("other"))]));
  expect(await writer.removeUser("ann", undefined)).toBe(1);
  const count = async (sql: string) => {
    const asked = { method: "POST", body: `SELECT count() FROM ${database}.${sql}` };
    return Number(await (await fetch(options.url, asked)).text());
  };
  await eventually(
    async () => [
      await count("run WHERE input_preview = 'quartz' OR user_id = 'ann'"),
      await count("run_text"),
      await count("run"),
    ],
    ([texts, rows, runs]) => texts === 0 && rows === 1 && runs === 2,
  );
});

it("lets a later change win over one of a replica whose clock is ahead", async () => {
  const options = { url: server?.url ?? "", database: server?.database() ?? "", writer: "one" };
  const writer = await openClickHouseRunWriter(options);
  onTestFinished(() => writer.close());
  await writer.write(batchOf([record(run("first"))]));
  const ahead = (Date.now() + 3_600_000) * 1000;
  await fetch(options.url, {
    method: "POST",
    body: `INSERT INTO ${options.database}.run (id, trace_id, at, day, name, weight, status, metadata, version)
      VALUES ('${idOf("first")}', '${idOf("first")}', ${NOW}, '2026-06-15', 'ahead', 1, 'success', '{}', ${ahead})`,
  });
  const before = (await writer.stored([idOf("first")])).get(idOf("first"))?.run;
  expect(before?.name).toBe("ahead");
  const late = { record: record(run("first", { outputPreview: "late" })), before };
  await writer.write({ ...batchOf([]), runs: [late] });
  const kept = await writer.stored([idOf("first")]);
  expect(kept.get(idOf("first"))?.run).toMatchObject({ name: "first", outputPreview: "late" });
});
