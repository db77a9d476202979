import { expect, it } from "vitest";
import type { CreatedKey } from "../../src/http/access-schemas.ts";
import { type TestServer, startServer } from "../support/server.ts";
import { startUpstream } from "./upstream.ts";

/** A tenant's policy holds wherever its texts go: also into what is kept, and into prompts for pictures. */

const TEXT = "Write to jane.doe@corp.test.";
const CLEAN = "Write to [redacted:email].";
const GUARD = `guard:
  input: []
  tenants: { clinic: { input: [pii] } }`;

async function setUp() {
  const upstream = await startUpstream({ pieces: ["Done"] });
  const target = `{ provider: openai-compatible, url: "${upstream.url}", model: up }`;
  const server = await startServer(`models: { m: { targets: [${target}] } }\n${GUARD}`);
  expect((await server.call("/admin/v1/tenants", { id: "clinic" })).status).toBe(201);
  const made = await server.call("/admin/v1/keys", {
    name: "clinic",
    scopes: ["inference"],
    tenant: "clinic",
  });
  return { upstream, server, clinic: ((await made.json()) as CreatedKey).key };
}

const as = (server: TestServer, key: string | undefined) => (path: string, body?: unknown) =>
  server.call(path, body, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });

it("keeps responses and conversations as their tenant's policy says", async () => {
  const { server, clinic } = await setUp();
  for (const [key, kept] of [
    [undefined, TEXT],
    [clinic, CLEAN],
  ] as const) {
    const call = as(server, key);
    const items = [{ role: "user", content: TEXT }];
    const { id } = (await (await call("/v1/conversations", { items })).json()) as { id: string };
    expect(await (await call(`/v1/conversations/${id}/items`)).text()).toContain(kept);
    const asked = await call("/v1/responses", { model: "m", input: TEXT });
    const response = (await asked.json()) as { id: string };
    expect(await (await call(`/v1/responses/${response.id}/input_items`)).text()).toContain(kept);
  }
});

it("looks at prompts for pictures by the tenant's policy", async () => {
  const { server, clinic, upstream } = await setUp();
  for (const key of [undefined, clinic]) {
    await as(server, key)("/v1/images/generations", { model: "m", prompt: TEXT });
  }
  expect(upstream.bodies.map((body) => (JSON.parse(body) as { prompt: string }).prompt)).toEqual([
    TEXT,
    CLEAN,
  ]);
});
