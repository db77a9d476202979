import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import type { LimitList } from "../src/http/limit-schemas.ts";
import { missing } from "./support/missing.ts";
import { serve } from "./support/process.ts";
import { ADMIN_KEY, eventually, startServer, temporaryFolder } from "./support/server.ts";

/** Limits as a client meets them, and budgets that outlive crashes and full disks. */

const ASK = { model: "chat", max_tokens: 8, messages: [{ role: "user", content: "Hi" }] };
const CHAT = "/v1/chat/completions";
/** 8 tokens each way at a dollar a million. */
const COST = 16_000;

async function withUpstream(
  limits: string,
  options: Parameters<typeof createMockUpstream>[0] = {},
) {
  const mock = await createMockUpstream({ tokens: 8, ...options });
  onTestFinished(() => mock.close());
  const price = "price: { input: 1 USD, output: 1 USD }";
  const yaml = `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up, ${price} }] } }
limits: ${limits}
`;
  return { mock, yaml };
}

function ask(url: string, path: string, body?: unknown, key = ADMIN_KEY): Promise<Response> {
  return fetch(new URL(path, url), {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function standing(url: string) {
  const { limits } = (await (await ask(url, "/admin/v1/limits")).json()) as LimitList;
  const row = limits.find(({ limit }) => limit === "costPerDay");
  return { used: row?.used ?? 0, reserved: row?.reserved ?? 0 };
}

it("caps a call that names no end, where a budget needs one, and tells client and upstream", async () => {
  const { mock, yaml } = await withUpstream(
    '{ perKey: { costPerDay: "1 USD" }, assumedOutputTokens: 77 }',
  );
  const server = await startServer(yaml);
  const { max_tokens: _, ...open } = ASK;
  for (const [path, body] of [
    [CHAT, open],
    ["/v1/responses", { model: "chat", input: "Hi" }],
  ] as const) {
    const answer = await server.call(path, body);
    await answer.text();
    expect([answer.status, answer.headers.get("x-weir-max-tokens")]).toEqual([200, "77"]);
    expect(mock.requests.at(-1)?.max_tokens).toBe(77);
  }
  const capped = await server.call(CHAT, ASK);
  expect(capped.headers.get("x-weir-max-tokens")).toBeNull();
  expect(mock.requests.at(-1)?.max_tokens).toBe(8);
});

it("says what is left on every endpoint, and when to come back where nothing is", async () => {
  const { yaml } = await withUpstream("{ perKey: { requestsPerMinute: 3 } }");
  const server = await startServer(yaml);
  const streamed = await server.call(CHAT, { ...ASK, stream: true });
  await streamed.text();
  expect(streamed.headers.get("ratelimit")).toBe('"perKey.requestsPerMinute";r=2;t=60');
  const anthropic = await server.call("/v1/messages", ASK);
  expect(anthropic.headers.get("x-ratelimit-remaining-requests")).toBe("1");
  const embedded = await server.call("/v1/embeddings", { model: "chat", input: "x" });
  expect([embedded.status, embedded.headers.get("x-ratelimit-remaining-requests")]).toEqual([
    200,
    "0",
  ]);
  for (const [path, body] of [
    [CHAT, ASK],
    ["/v1/embeddings", { model: "chat", input: "x" }],
    ["/v1/rerank", { model: "chat", query: "x", documents: ["y"] }],
  ] as const) {
    const refused = await server.call(path, body);
    expect([path, refused.status]).toEqual([path, 429]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(50);
    expect(refused.headers.get("ratelimit")).toMatch(/r=0;t=\d+$/);
  }
  const metrics = await (await server.call("/metrics")).text();
  expect(metrics).toContain('weir_limit_refusals_total{limit="requestsPerMinute",by="perKey"} 3');
});

it("throttles who sends many wrong keys, in both lanes and at the login", async () => {
  const { yaml } = await withUpstream("{ perIp: { wrongKeysPerMinute: 6 } }");
  const { url } = await startServer(yaml);
  for (let round = 0; round < 2; round++) {
    expect((await ask(url, CHAT, ASK, "wk-wrong")).status).toBe(401);
    expect((await ask(url, "/v1/models", undefined, "wk-wrong")).status).toBe(401);
    expect((await ask(url, "/admin/v1/session", { key: "wk-wrong" }, "wk-wrong")).status).toBe(401);
  }
  for (const path of [CHAT, "/admin/v1/session"]) {
    const refused = await ask(url, path, { ...ASK, key: "wk-wrong" }, "wk-wrong");
    expect([path, refused.status]).toEqual([path, 429]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect((await ask(url, "/v1/models")).status).toBe(429);
  expect((await fetch(new URL("/health", url))).status).toBe(200);
});

it("holds an address to its limit before its key is looked at", async () => {
  const { mock, yaml } = await withUpstream("{ perIp: { requestsPerMinute: 4 } }");
  const { url } = await startServer(yaml);
  for (let round = 0; round < 2; round++) {
    expect((await ask(url, CHAT, ASK)).status).toBe(200);
    expect((await ask(url, "/v1/models")).status).toBe(200);
  }
  expect((await ask(url, CHAT, ASK, "wk-wrong")).status).toBe(429);
  expect((await ask(url, "/v1/models")).status).toBe(429);
  expect(mock.requests).toHaveLength(2);
});

it("keeps every cent over a kill -9, and charges in full what was running", async () => {
  const { mock, yaml } = await withUpstream('{ perKey: { costPerDay: "1 USD" } }');
  const folder = temporaryFolder();
  writeFileSync(join(folder, "weir.yaml"), yaml);
  const first = await serve(folder);
  await Promise.all([1, 2, 3].map(async () => (await ask(first.url, CHAT, ASK)).text()));
  expect(await standing(first.url)).toEqual({ used: 3 * COST, reserved: 0 });
  mock.hold();
  const running = [1, 2].map(() => ask(first.url, CHAT, { ...ASK, stream: true }));
  await eventually(
    () => Promise.resolve(mock.requests.length),
    (asked) => asked === 5,
  );
  const { reserved } = await standing(first.url);
  expect(reserved).toBeGreaterThan(2 * COST);
  first.child.kill("SIGKILL");
  await Promise.allSettled(running);
  const second = await serve(folder);
  expect(second.output()).toContain('"event":"budget_reservations_charged","calls":2');
  expect(await standing(second.url)).toEqual({ used: 3 * COST + reserved, reserved: 0 });
});

it("begins no call that a budget is about while the disk is full, and goes on exactly", async (context) => {
  const disk = join(temporaryFolder(), "disk");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    missing(context, "the right to mount a tmpfs");
  }
  onTestFinished(() => void execFileSync("umount", ["-l", disk]));
  const { mock, yaml } = await withUpstream('{ perKey: { costPerDay: "1 USD" } }');
  const folder = temporaryFolder();
  writeFileSync(join(folder, "weir.yaml"), yaml);
  const first = await serve(folder, {}, ["--data", disk]);
  await (await ask(first.url, CHAT, ASK)).text();
  const fill = () => {
    try {
      writeFileSync(join(disk, "filler"), Buffer.alloc(1024 * 1024));
    } catch {
      // Full is what was wanted: the file has taken all there was.
    }
  };
  fill();
  const statuses = new Set<number>();
  // The journal's last page may still have room for some lines.
  await eventually(
    async () => {
      const { status } = await ask(first.url, CHAT, ASK);
      statuses.add(status);
      return status;
    },
    (status) => status === 507,
  );
  expect([...statuses].toSorted((a, b) => a - b)).toEqual([200, 507]);
  writeFileSync(join(disk, "filler"), "");
  await eventually(
    async () => (await ask(first.url, CHAT, ASK)).status,
    (status) => status === 200,
  );
  const before = await eventually(
    () => standing(first.url),
    ({ reserved }) => reserved === 0,
  );
  expect(before.used).toBe(mock.finished() * COST);
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await serve(folder, {}, ["--data", disk]);
  expect(await standing(second.url)).toEqual(before);
});
