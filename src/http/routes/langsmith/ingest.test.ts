import Fastify from "fastify";
import { expect, it } from "vitest";
import { WeirError } from "../../../core/errors.ts";
import { silentLog } from "../../../core/log.ts";
import type { IngestRequest } from "../../../watch/trace/traces.ts";
import { langSmithIngestRoutes } from "./ingest.ts";
import { speakLangSmith } from "./scope.ts";

const ID = "0199aaaa-0000-7000-8000-000000000001";

function start(ingest: (request: IngestRequest) => Promise<never>) {
  const app = Fastify();
  const authorise = () => ({
    keyId: "k",
    keyName: "k",
    scopes: ["traces"] as const,
    tenantId: "acme",
  });
  void app.register((routes, _options, ready) => {
    speakLangSmith(routes, {
      log: silentLog,
      maxBodyBytes: 1000,
      authorise,
      noteRead: () => Promise.resolve(),
    });
    langSmithIngestRoutes(routes, { authorise, ingest, now: () => 5 });
    ready();
  });
  return app;
}

const sent = { method: "POST", url: "/api/v1/runs/multipart", payload: "x" } as const;

it.each([
  [new WeirError("overloaded", "Too much.", { retryAfterMs: 2500 }), 429, "3"],
  [new WeirError("storage_full", "The disk is full.", { retryAfterMs: 30_000 }), 503, "30"],
  [new WeirError("storage_unavailable", "Not now."), 503, undefined],
])(
  "says of %s that the body may come again, so that SDKs send it again",
  async (cause, status, after) => {
    const answer = await start(() => Promise.reject(cause)).inject(sent);
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([status, after]);
    expect(answer.json()).toMatchObject({ detail: cause.message, code: cause.code });
  },
);

it("hides what went wrong inside", async () => {
  const answer = await start(() => Promise.reject(new Error("a secret"))).inject(sent);
  expect([answer.statusCode, answer.body]).toEqual([500, expect.not.stringContaining("secret")]);
});

it("hands a body over as it came, with what its headers and its address say", async () => {
  const seen: IngestRequest[] = [];
  const app = start((request) => {
    seen.push(request);
    return Promise.reject(new WeirError("overloaded", ""));
  });
  const payload = Buffer.from([0xff, 0, 1, 2]);
  const headers = {
    "content-type": "multipart/form-data; boundary=XX",
    "content-encoding": " GZIP ",
  };
  await app.inject({ ...sent, payload, headers });
  await app.inject({ method: "PATCH", url: `/api/v1/runs/${ID}`, payload: "{}" });
  expect(seen).toEqual([
    {
      protocol: "langsmith-multipart",
      contentType: headers["content-type"],
      contentEncoding: "gzip",
      body: payload,
      runId: undefined,
      tenantId: "acme",
      receivedAt: 5,
    },
    expect.objectContaining({
      protocol: "langsmith-patch",
      runId: ID,
      contentEncoding: "identity",
      body: Buffer.from("{}"),
    }),
  ]);
});
