import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestServer, startServer } from "../support/server.ts";
import { allOf, generatedCalls, handWrittenCalls } from "./sdk-paths.ts";

/**
 * Every address that the SDKs' shipped sources can ask for is served, or answered with 404 and
 * a reason. A release that asks for more fails here.
 */

const ABSENT = [
  "/api/v1/agents",
  "/api/v1/platform/evaluators",
  "/api/v1/platform/issues",
  "/api/v1/platform/product-feedbacks",
  "/api/v1/prompt-webhooks",
  "/api/v1/runs/rules",
  "/api/v2/sandboxes",
  "/v1/fleet",
];
const OLDER = ["0-1-68", "0-3-87", "0-5-26", "0-7-17", "0-9-0"];
const calls = allOf([
  ...generatedCalls(),
  ...handWrittenCalls("langsmith/lib/client.mjs"),
  ...OLDER.flatMap((version) => handWrittenCalls(`langsmith-${version}/dist/client.js`)),
]);
const isAbsent = (path: string) =>
  ABSENT.some((one) => path === one || path.startsWith(`${one}/`)) ||
  /^\/api\/v1\/sessions\/[^/]+\/dashboard$|^\/api\/v2\/threads\/[^/]+\/share$/.test(path);
const rows = calls.map(({ method, path }) => ({ method, path, isServed: !isAbsent(path) }));

let server: TestServer;
let close = async (): Promise<void> => undefined;
const folder = mkdtempSync(join(tmpdir(), "weir-paths-"));
beforeAll(async () => {
  server = await startServer("models: {}", { folder, ends: (end) => (close = end) });
});
afterAll(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(method: string, path: string) {
  const hasBody = method !== "GET" && method !== "DELETE";
  const answer = await server.call(path, hasBody ? {} : undefined, { method });
  const text = await answer.text();
  return { status: answer.status, text };
}

it("finds the SDK's addresses", () => {
  expect(generatedCalls().length).toBeGreaterThan(100);
  expect(handWrittenCalls("langsmith/lib/client.mjs").length).toBeGreaterThan(60);
  for (const version of OLDER) {
    expect(handWrittenCalls(`langsmith-${version}/dist/client.js`).length).toBeGreaterThan(35);
  }
});

it.each(rows.filter(({ isServed }) => isServed))("serves $method $path", async (row) => {
  const { status, text } = await ask(row.method, row.path);
  expect(text).not.toMatch(/There is no (GET|POST|PUT|PATCH|DELETE) \//);
  expect(status).not.toBe(405);
  // 501: an address whose whole purpose Weir refuses, with the reason.
  expect(status === 501 || status < 500).toBe(true);
});

const isPublic = (path: string) => /^\/api\/v[12]\/(public\/|info$)/.test(path);

it("serves nothing but public links and /info without a key of the scope traces", async () => {
  const wish = { name: "caller", scopes: ["inference"] };
  const made = await server.call("/admin/v1/keys", wish);
  const { key } = (await made.json()) as { key: string };
  for (const { method, path } of rows.filter((row) => row.isServed && !isPublic(row.path))) {
    for (const [headers, status] of [
      [{ "x-api-key": key }, 403],
      [{}, 401],
    ] as const) {
      const answer = await fetch(new URL(path, server.url), { method, headers });
      await answer.text();
      expect({ method, path, status: answer.status }).toEqual({ method, path, status });
    }
  }
});

it.each(rows.filter(({ isServed }) => !isServed))(
  "says why there is no $method $path",
  async ({ method, path }) => {
    const { status, text } = await ask(method, path);
    expect(status).toBe(404);
    expect(JSON.parse(text)).toMatchObject({
      detail: expect.stringMatching(
        /^Weir has no such part of the LangSmith API\. .{20}/,
      ) as string,
    });
  },
);
