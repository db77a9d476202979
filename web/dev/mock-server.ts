/**
 * A stand-in for Weir's server while one works on the dashboard: `npm run mock -w web`, then
 * `npm run dev -w web`. It serves seeded data through the same schemas as the real one, so it cannot drift, and
 * the built dashboard under the real content policy. The key is `demo`.
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { text } from "node:stream/consumers";
import {
  CallDetail,
  CallList,
  CallQuery,
  ModelList,
  Overview,
  OverviewWindow,
} from "../../src/http/admin-schemas.ts";
import { Login } from "../../src/http/access-schemas.ts";
import { ACCESS_ROUTES } from "./mock-access.ts";
import { makeCalls, summarise } from "./mock-data.ts";
import { answerChat } from "./mock-chat.ts";
import { MODELS } from "./mock-models.ts";
import { missing, Refusal, type Call, type MockRoute } from "./mock-route.ts";
import { TARGET_ROUTES } from "./mock-targets.ts";

const PORT = Number(process.env["PORT"] ?? 8080);
const EMPTY = process.env["EMPTY"] === "1";
const DIST = join(import.meta.dirname, "..", "dist");
const CSP =
  "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'";

const calls: CallDetail[] = EMPTY ? [] : makeCalls(900, Date.now());
const ROUTES: readonly MockRoute[] = [
  ["POST", /^\/admin\/v1\/session$/, signIn],
  [
    "GET",
    /^\/admin\/v1\/overview$/,
    ({ url }) => overview(OverviewWindow.parse(url.searchParams.get("window"))),
  ],
  [
    "GET",
    /^\/admin\/v1\/calls$/,
    ({ url }) => list(CallQuery.parse(Object.fromEntries(url.searchParams))),
  ],
  [
    "GET",
    /^\/admin\/v1\/calls\/(.+)$/,
    ({ id }) => CallDetail.parse(calls.find((call) => call.id === id) ?? missing("call")),
  ],
  ["GET", /^\/admin\/v1\/models$/, () => ModelList.parse({ models: MODELS })],
  ...ACCESS_ROUTES,
  ...TARGET_ROUTES,
  ["POST", /^\/v1\/(chat\/completions|messages|responses)$/, talk],
];

const server = createServer((request, response) => {
  void answer(request, response).catch((error: unknown) => refuse(response, error));
});
server.listen(PORT, "127.0.0.1", () =>
  process.stdout.write(`mock Weir on http://127.0.0.1:${PORT}, key: demo\n`),
);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://mock");
  for (const [method, path, route] of ROUTES) {
    const match = path.exec(url.pathname);
    if (method !== request.method || !match) continue;
    authorise(request, url);
    const call = { request, response, url, body: await text(request), id: match[1] ?? "" };
    const result = await route(call);
    if (response.headersSent) return;
    response.statusCode = result === undefined ? 204 : 200;
    if (result === undefined) response.end();
    else response.setHeader("content-type", "application/json").end(JSON.stringify(result));
    return;
  }
  if (request.method !== "GET" || /^\/(admin|v1)\//.test(url.pathname)) missing("page");
  file(url.pathname, response);
}

function authorise(request: IncomingMessage, url: URL): void {
  const login =
    url.pathname === "/auth/options" ||
    (url.pathname === "/admin/v1/session" && request.method === "POST");
  if (request.method !== "GET" && request.headers["x-weir-csrf"] !== "1") {
    throw new Refusal(403, "forbidden", "This request lacks the header x-weir-csrf.");
  }
  if (!login && !request.headers.cookie?.includes("weir=yes")) {
    throw new Refusal(401, "unauthorized", "Sign in first.");
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  const { status, code } =
    error instanceof Refusal ? error : new Refusal(400, "invalid_request", "");
  const message = error instanceof Error ? error.message : String(error);
  const body = {
    error: { message, type: "invalid_request_error", code, param: null, request_id: "mock" },
  };
  if (response.headersSent) response.end();
  else response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function talk(call: Call): Promise<void> {
  return answerChat(call, calls[0]?.id ?? "0".repeat(32));
}

function signIn({ body, response }: Call): void {
  if (Login.parse(JSON.parse(body)).key !== "demo")
    throw new Refusal(401, "unauthorized", "This key is not known.");
  response.setHeader("set-cookie", "weir=yes; HttpOnly; SameSite=Strict; Path=/");
}

function list(query: CallQuery): unknown {
  const start = Number(query.cursor ?? 0);
  const found = calls.filter(
    (call) =>
      (!query.status || call.status === query.status) &&
      (!query.model || call.model === query.model) &&
      (!query.key || call.key === query.key) &&
      (!query.user || call.user === query.user) &&
      (!query.from || call.at >= query.from) &&
      (!query.guarded || call.findings.length > 0) &&
      (!query.search || (call.preview ?? "").toLowerCase().includes(query.search.toLowerCase())),
  );
  const end = start + query.limit;
  return CallList.parse({
    calls: found.slice(start, end),
    next: end < found.length ? String(end) : null,
  });
}

const MINUTE = 60_000;
const SIZES = {
  "15m": [15 * MINUTE, 10_000],
  "1h": [60 * MINUTE, MINUTE],
  "6h": [360 * MINUTE, 5 * MINUTE],
  "24h": [1440 * MINUTE, 20 * MINUTE],
  "7d": [10_080 * MINUTE, 120 * MINUTE],
  "30d": [43_200 * MINUTE, 720 * MINUTE],
} as const;

function overview(window: keyof typeof SIZES): unknown {
  const [length, bucketMs] = SIZES[window];
  const to = Math.floor(Date.now() / bucketMs + 1) * bucketMs;
  const from = to - length;
  const inside = calls.filter(({ at }) => at >= from);
  const buckets = Map.groupBy(inside, ({ at }) => Math.floor((at - from) / bucketMs));
  const models = Map.groupBy(inside, ({ model }) => model);
  const busy = EMPTY ? 0 : 1 + Math.sin(Date.now() / 9000);
  return Overview.parse({
    window,
    from,
    to,
    bucketMs,
    totals: {
      ...summarise(inside),
      canceled: inside.filter(({ status }) => status === "canceled").length,
    },
    series: Array.from({ length: length / bucketMs }, (_, i) => ({
      at: from + i * bucketMs,
      ...summarise(buckets.get(i) ?? []),
    })),
    models: Array.from(models, ([model, own]) => ({ model, ...summarise(own) })),
    live: {
      activeCalls: Math.round(busy * 2),
      callsPerSecond: busy * 0.7,
      outputTokensPerSecond: busy * 90,
      uptimeMs: performance.now(),
      rssBytes: process.memoryUsage.rss(),
      droppedTraces: 0,
    },
  });
}

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

function file(pathname: string, response: ServerResponse): void {
  const wanted = join(DIST, normalize(pathname));
  const path = extname(wanted) !== "" && existsSync(wanted) ? wanted : join(DIST, "index.html");
  response.writeHead(200, {
    "content-type": TYPES[extname(path)] ?? "application/octet-stream",
    "content-security-policy": CSP,
  });
  createReadStream(path).pipe(response);
}
