import { expect, it } from "vitest";
import { canonicalTraceUrl } from "./trace-url.ts";

it.each([
  ["", "/api/v1"],
  ["/api", "/api/v1"],
  ["/api/v1", "/api/v1"],
  ["/langsmith", "/api/v1"],
  ["/langsmith/api", "/api/v1"],
  ["/langsmith/api/v1", "/api/v1"],
  ["/", "/api/v1"],
])("leads classic addresses under %j to /api/v1", (prefix, canonical) => {
  for (const path of [
    "/runs/multipart",
    "/runs",
    "/info",
    "/sessions?limit=1",
    "/feedback/tokens",
    "/datasets/d/versions/diff",
    "/examples?dataset=d",
    "/commits/-/name/latest?include_model=true",
    "/settings",
    "/annotation-queues/q/run/0",
    "/public/t/run",
    "/likes/o/r",
    "/workspaces/current/secrets",
    "/platform/datasets/d/examples",
  ]) {
    expect(canonicalTraceUrl(prefix + path)).toBe(canonical + path);
  }
});

it.each([
  ["/v1/platform/datasets/d/examples", "/api/v1/platform/datasets/d/examples"],
  ["/api/v1/platform/evaluators", "/api/v1/platform/evaluators"],
  ["/langsmith/v1/platform/datasets/d", "/api/v1/platform/datasets/d"],
  ["/langsmith/api/v1/platform/x", "/api/v1/platform/x"],
  ["/langsmith/platform/x", "/api/v1/platform/x"],
  ["/api/v1/v1/platform/hub/repos/-/x", "/api/v1/platform/hub/repos/-/x"],
  ["/v2/sql/query", "/api/v2/sql/query"],
  ["/langsmith/v2/sql/query", "/api/v2/sql/query"],
  ["/api/v2/runs/query", "/api/v2/runs/query"],
  ["/langsmith/api/v2/threads/t/traces?a=1", "/api/v2/threads/t/traces?a=1"],
  ["/otel/v1/traces", "/v1/traces"],
  ["/langsmith/otel/v1/traces", "/v1/traces"],
  ["/api/v1/otel/v1/traces", "/v1/traces"],
  ["/langsmith/api/v1/otel/v1/traces/", "/v1/traces"],
  ["/api/public/otel/v1/logs", "/v1/logs"],
  ["/repos/", "/api/v1/repos"],
  ["/repos/?limit=1", "/api/v1/repos?limit=1"],
  ["//runs//multipart", "/api/v1/runs/multipart"],
  ["/api/v1/commits/o/r/?limit=1", "/api/v1/commits/o/r?limit=1"],
  ["/public/t/runsid=1&id=2", "/api/v1/public/t/runs?id=1&id=2"],
  ["/langsmith/nothing", "/api/v1/nothing"],
])("leads %s to %s", (url, canonical) => expect(canonicalTraceUrl(url)).toBe(canonical));

it.each([
  "/",
  "/v1/chat/completions",
  "/v1/models?x=/runs",
  "/v1/files/",
  "/v1/responses/r",
  "/v2/rerank",
  "/rerank",
  "/tokenize",
  "/health",
  "/metrics",
  "/admin/v1/runs",
  "/assets/index-1.js",
  "/calls/0123",
  "/keys/users",
  "/models",
  "/docs/assets/swagger-ui.css",
  "/api/chat",
  "/runserver",
  "/infos",
  "/langsmithery/runs",
  "/auth/callback?state=/runs",
])("leaves %s alone", (url) => expect(canonicalTraceUrl(url)).toBe(url));
