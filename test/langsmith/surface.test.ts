import { expect, it } from "vitest";
import { startServer } from "../support/server.ts";
import { keyOf } from "./clients.ts";

/** How the LangSmith API is met before any run is sent. */

it.each(["", "/api", "/api/v1", "/langsmith", "/langsmith/api", "/langsmith/api/v1"])(
  "tells SDKs under %j what it takes, whole and without a key",
  async (prefix) => {
    const server = await startServer();
    const answer = await fetch(`${server.url}${prefix}/info`);
    expect(answer.status).toBe(200);
    const info = (await answer.json()) as Record<string, Record<string, unknown>>;
    expect(info["version"]).toBe("0.18.0");
    expect(Object.keys(info["batch_ingest_config"] ?? {})).toEqual(
      expect.arrayContaining([
        "use_multipart_endpoint",
        "size_limit",
        "size_limit_bytes",
        "scale_up_qsize_trigger",
        "scale_up_nthreads_limit",
        "scale_down_nempty_trigger",
      ]),
    );
    expect(info["instance_flags"]).toEqual({
      gzip_body_enabled: true,
      zstd_compression_enabled: true,
      dataset_examples_multipart_enabled: true,
      examples_multipart_enabled: true,
    });
  },
);

it("says in LangSmith's envelope what there is not", async () => {
  const server = await startServer();
  const answer = await server.call("/langsmith/nothing");
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({
    detail: expect.stringContaining("There is no GET /api/v1/nothing here."),
    code: "not_found",
  });
});

it("keeps the dashboard's pages and the house's own errors as they were", async () => {
  const server = await startServer();
  const page = await server.call("/sessions", undefined, { headers: { accept: "text/html" } });
  expect(page.headers.get("content-type")).toMatch(/^text\/(html|plain)/);
  expect(await (await server.call("/v1/nothing")).json()).toHaveProperty("error.code", "not_found");
  const document = await (await server.call("/openapi.json")).text();
  expect(document).not.toContain("/api/v1/");
});

const RUN = "0199aaaa-0000-7000-8000-000000000001";
/** With a key only, and one that has the scope. */
const ROUTES = [
  `POST /runs/multipart`,
  `POST /runs/batch`,
  `POST /runs`,
  `PATCH /runs/${RUN}`,
  `GET /runs/${RUN}`,
  `POST /runs/query`,
  `POST /runs/stats`,
  `POST /runs/group`,
  `POST /runs/delete`,
  `PUT /runs/${RUN}/share`,
  `GET /sessions`,
  `POST /sessions`,
  `DELETE /sessions/${RUN}`,
  `GET /feedback`,
  `POST /feedback`,
  `POST /feedback/tokens`,
  `POST /api/v2/runs/query`,
  `GET /api/v2/traces/${RUN}/runs`,
  `POST /api/v2/threads/query`,
  `GET /api/v2/sessions`,
  `POST /v2/sql/query`,
  `GET /datasets`,
  `GET /repos`,
  `GET /settings`,
  `GET /annotation-queues`,
];

it("lets nobody without the scope traces do anything", async () => {
  const server = await startServer();
  const scopes = ["viewer", "operator", "inference", "traces", "admin"];
  const keys = await Promise.all(
    scopes.map(async (scope) => [scope, await keyOf(server, { scopes: [scope] })] as const),
  );
  const wrong: string[] = [];
  for (const route of ROUTES) {
    const [method = "", path = ""] = route.split(" ");
    for (const [scope, key] of [["nobody", ""], ["stranger", "wk-none"], ...keys]) {
      const headers: Record<string, string> = key ? { "x-api-key": key } : {};
      const { status } = await fetch(`${server.url}${path}`, { method, headers });
      const isRefused = status === (scope === "nobody" || scope === "stranger" ? 401 : 403);
      if (isRefused === (scope === "traces" || scope === "admin")) {
        wrong.push(`${scope}: ${route}: ${status}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});
