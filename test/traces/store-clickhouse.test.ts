import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type ClickHouseProcess, needsClickHouse, startClickHouse } from "../support/clickhouse.ts";
import { startServer } from "../support/server.ts";
import { checkServer } from "./store-server.ts";

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
