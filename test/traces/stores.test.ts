import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, onTestFinished } from "vitest";
import { openClickHouseRunReader } from "../../src/store/clickhouse/run-reader.ts";
import { openClickHouseRunWriter } from "../../src/store/clickhouse/run-writer.ts";
import { openPostgresRunReader } from "../../src/store/postgres/traces/run-reader.ts";
import { openPostgresRunWriter } from "../../src/store/postgres/traces/run-writer.ts";
import { SqliteRunReader } from "../../src/store/sqlite/traces/run-reader.ts";
import { SqliteRunWriter } from "../../src/store/sqlite/traces/run-writer.ts";
import { type ClickHouseProcess, needsClickHouse, startClickHouse } from "../support/clickhouse.ts";
import { type PostgresServer, needsPostgres, startPostgres } from "../support/postgres.ts";
import { newFolder } from "./setup.ts";
import { type StoreUnderTest, storeContract } from "./store-contract.ts";

describe("SQLite", () => {
  storeContract(async (keys = []) => {
    const options = { path: join(newFolder(), "traces.db"), keys };
    const writer = new SqliteRunWriter(options);
    return ending({ writer, reader: new SqliteRunReader(options) });
  });
});

describe("PostgreSQL", () => {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());
  beforeEach((context) => needsPostgres(context));

  storeContract(async (keys = []) => {
    const options = { url: (await server?.database()) ?? "", writer: "one", keys };
    const writer = await openPostgresRunWriter(options);
    return ending({ writer, reader: await openPostgresRunReader(options) });
  });
});

describe("ClickHouse", () => {
  let server: ClickHouseProcess | undefined;
  beforeAll(async () => {
    server = await startClickHouse();
  });
  afterAll(() => server?.stop());
  beforeEach((context) => needsClickHouse(context));

  storeContract(async (keys = []) => {
    const database = server?.database() ?? "";
    const options = { url: server?.url ?? "", database, writer: "one", keys };
    const writer = await openClickHouseRunWriter(options);
    return ending({ writer, reader: await openClickHouseRunReader(options) });
  });
});

function ending(store: StoreUnderTest): StoreUnderTest {
  onTestFinished(async () => {
    await store.reader.close();
    await store.writer.close();
  });
  return store;
}
