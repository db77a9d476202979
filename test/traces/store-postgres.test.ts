import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type PostgresServer, needsPostgres, startPostgres } from "../support/postgres.ts";
import { startServer } from "../support/server.ts";
import { checkServer } from "./store-server.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());
beforeEach((context) => needsPostgres(context));

const YAML = "traces: { capture: full, store: { postgres: { urlEnv: TRACES_URL } } }";

it("keeps a server's traces in PostgreSQL: over restarts, while it is away, and for replicas", async () => {
  const url = (await server?.database()) ?? "";
  const checked = checkServer({
    yaml: YAML,
    env: { TRACES_URL: url },
    kill: async () => server?.kill(),
    start: async () => server?.start(),
  });
  await expect(checked).resolves.toBeUndefined();
});

it("says at the start what is wrong with its settings", async () => {
  await expect(startServer(YAML)).rejects.toThrow(/TRACES_URL, which is not set/);
  const url = ((await server?.database()) ?? "").replace(/weir_\d+$/, "nowhere");
  await expect(startServer(YAML, { env: { TRACES_URL: url } })).rejects.toThrow(
    /traces\.store\.postgres\.urlEnv/,
  );
});
