import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { WeirApiError, WeirClient } from "../src/client/client.ts";
import { CLIENT_TYPES, generate } from "../tools/client/generate.ts";
import { ADMIN_KEY, startServer, temporaryFolder } from "./support/server.ts";

async function start() {
  const upstream = await createMockUpstream({ tokens: 3 });
  onTestFinished(() => upstream.close());
  const weir = await startServer(
    `models: { m: { targets: [{ provider: openai-compatible, url: "${upstream.url}", model: mock }] } }`,
  );
  return new WeirClient({ baseUrl: weir.url, apiKey: ADMIN_KEY });
}

it("is what the server's own document says: run npm run client where this fails", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "operations.ts");
  writeFileSync(file, await generate());
  execFileSync(process.execPath, ["node_modules/oxfmt/bin/oxfmt", "-c", ".oxfmtrc.json", file]);
  expect(readFileSync(CLIENT_TYPES, "utf8") === readFileSync(file, "utf8")).toBe(true);
  rmSync(file);
});

it("calls endpoints by their names, with paths, queries and bodies", async () => {
  const weir = await start();
  const { models } = await weir.call("GET /admin/v1/models");
  expect(models[0]?.targets[0]?.provider).toBe("openai-compatible");
  const made = await weir.call("POST /admin/v1/keys", { body: { name: "typed" } });
  expect(made.name).toBe("typed");
  await weir.call("DELETE /admin/v1/keys/{id}", { path: { id: made.id } });
  const { keys } = await weir.call("GET /admin/v1/keys");
  expect(keys.find(({ id }) => id === made.id)?.revoked).toBe(true);
});

it("streams", async () => {
  const weir = await start();
  const body = { model: "m", messages: [{ role: "user" as const, content: "Hi" }] };
  const events = await Array.fromAsync(weir.stream("POST /v1/chat/completions", { body }));
  expect(events.length).toBeGreaterThan(3);
  expect(events.at(-1)).toMatchObject({ object: "chat.completion.chunk" });
});

it("rejects with what the server said", async () => {
  const weir = await start();
  const wrong = weir.call("GET /admin/v1/calls/{id}", { path: { id: "none" } });
  await expect(wrong).rejects.toBeInstanceOf(WeirApiError);
  await expect(wrong).rejects.toMatchObject({ status: 404, code: "not_found" });
});
