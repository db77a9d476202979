import { expect, it } from "vitest";
import { ATTACKS } from "../../src/guard/detectors/all.ts";
import type { GuardParts } from "../../src/weir/guard.ts";
import { startServer } from "../support/server.ts";
import { startUpstream } from "./upstream.ts";

/** Prompts that are too long for the thread that takes calls. */

const MAIL = "jane.doe@corp.test";
const LONG = `${"A quiet river. ".repeat(20_000)} Write to ${MAIL}.`;
const ENV = { VAULT_KEY: Buffer.alloc(32, 1).toString("base64") };

async function setUp(guard: string, parts?: GuardParts) {
  const upstream = await startUpstream({ pieces: [], echo: 1000 });
  const target = `{ provider: openai-compatible, url: "${upstream.url}", model: up }`;
  const server = await startServer(
    `models: { chat: { targets: [${target}] } }\nguard: { ${guard} }`,
    { env: ENV, ...(parts && { guard: parts }) },
  );
  const ask = () => {
    const body = { model: "chat", messages: [{ role: "user", content: LONG }] };
    return server.call("/v1/chat/completions", body);
  };
  return { ask, server, upstream };
}

it.each(["vault: on", "vault: { key: { env: VAULT_KEY } }"])(
  "masks and restores them as others (%s)",
  async (guard) => {
    const { ask, upstream } = await setUp(guard);
    const answer = await (await ask()).text();
    expect(answer).toContain(`Write to ${MAIL}.`);
    expect(upstream.bodies[0]).toMatch(/Write to [a-z]{10}@vault\.example\./);
    expect(upstream.bodies[0]).not.toContain(MAIL);
  },
);

const broken: GuardParts = {
  detectors: ATTACKS,
  thread: new URL("./threads/no-vault.ts", import.meta.url),
};

it("refuses them when nobody can look for personal data, or lets them through where that is said", async () => {
  const closed = await setUp("vault: on", broken);
  const refused = await closed.ask();
  expect(refused.status).toBe(503);
  expect(await refused.text()).toMatch(/guard_failed.*|could not look for personal data/s);
  expect(closed.upstream.bodies).toEqual([]);

  const open = await setUp("vault: on, onFailure: { pii: open }", broken);
  const answer = await open.ask();
  expect(answer.status).toBe(200);
  expect(open.upstream.bodies[0]).toContain(MAIL);
  const id = answer.headers.get("x-weir-trace-id") ?? "";
  const kept = await (await open.server.call(`/admin/v1/calls/${id}`)).text();
  expect(kept).toMatch(/"detector":"vault","action":"scan_failed"/);
});
