import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { SCOPES } from "../src/core/access.ts";
import type { Scope } from "../src/core/call.ts";
import type { CreatedKey, KeyRow, NewKey, TenantRow } from "../src/http/access-schemas.ts";
import { type PostgresServer, needsPostgres, startPostgres } from "./support/postgres.ts";
import { weir } from "./support/process.ts";
import { type TestServer, eventually, startServer, temporaryFolder } from "./support/server.ts";

/** Keys and tenants as their users meet them: over HTTP and on the command line. */

let postgres: PostgresServer | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

async function setUp(more = "", env: Record<string, string> = {}) {
  const mock = await createMockUpstream();
  onTestFinished(() => mock.close());
  const target = `{ targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] }`;
  const yaml = `models: { chat: ${target}, gpt-mini: ${target}, secret-model: ${target} }\n${more}`;
  return startServer(yaml, { env });
}

async function make(server: TestServer, wish: Partial<NewKey> = {}): Promise<CreatedKey> {
  const answer = await server.call("/admin/v1/keys", { name: "app", ...wish });
  if (answer.status !== 201) throw new Error(await answer.text());
  return (await answer.json()) as CreatedKey;
}

const as = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const chat = (model = "chat") => ({ model, messages: [{ role: "user", content: "Hi" }] });

async function refusal(
  answer: Response,
): Promise<{ status: number; message: string; code: string }> {
  const { error } = (await answer.json()) as { error: { message: string; code: string } };
  return { status: answer.status, ...error };
}

const change = (server: TestServer, path: string, body: unknown, method = "PATCH") =>
  server.call(path, body, { method });

it("refuses an expired key with its time and nothing more, on both lanes", async () => {
  const server = await setUp();
  const expiresAt = Date.now() + 300;
  const { key, id } = await make(server, { name: "short-lived", expiresAt });
  const ask = () => server.call("/v1/chat/completions", chat(), as(key));
  const refused = await eventually(ask, ({ status }) => status === 401);
  const { message } = await refusal(refused);
  expect(message).toContain(`expired at ${new Date(expiresAt).toISOString()}`);
  expect(message).not.toMatch(new RegExp(`${id}|short-lived|${key}`));
  expect(await refusal(await server.call("/v1/models", undefined, as(key)))).toMatchObject({
    status: 401,
    message,
  });
});

it("ends a revoked key at once, also for calls that come by an open connection", async () => {
  const server = await setUp();
  const { key, id } = await make(server);
  expect((await server.call("/v1/chat/completions", chat(), as(key))).status).toBe(200);
  const gone = await server.call(`/admin/v1/keys/${id}`, undefined, { method: "DELETE" });
  expect(gone.status).toBe(204);
  expect((await server.call("/v1/chat/completions", chat(), as(key))).status).toBe(401);
  const again = await server.call(`/admin/v1/keys/${id}`, undefined, { method: "DELETE" });
  expect(again.status).toBe(404);
});

it("answers the keys of a disabled tenant with 403 until it is enabled", async () => {
  const server = await setUp();
  await server.call("/admin/v1/tenants", { id: "shop" });
  const { key } = await make(server, { tenant: "shop" });
  await change(server, "/admin/v1/tenants/shop", { disabled: true });
  const refused = await refusal(await server.call("/v1/chat/completions", chat(), as(key)));
  expect(refused).toMatchObject({ status: 403, code: "forbidden" });
  expect(refused.message).toMatch(/tenant.*disabled.*weir tenants enable/);
  await change(server, "/admin/v1/tenants/shop", { disabled: false });
  expect((await server.call("/v1/chat/completions", chat(), as(key))).status).toBe(200);
});

it("rotates a key: both secrets work, and without grace the old one ends", async () => {
  const server = await setUp();
  const first = await make(server, { note: "of the shop" });
  const rotate = async (body?: unknown) => {
    const path = `/admin/v1/keys/${first.id}/rotate`;
    return (await (await server.call(path, body, { method: "POST" })).json()) as CreatedKey;
  };
  const second = await rotate();
  expect(second).toMatchObject({ id: first.id, note: "of the shop" });
  expect(second.previousUntil).toBeGreaterThan(Date.now() + 86_000_000);
  for (const { key } of [first, second]) {
    expect((await server.call("/v1/models", undefined, as(key))).status).toBe(200);
  }
  const third = await rotate({ graceSeconds: 0 });
  expect((await server.call("/v1/models", undefined, as(second.key))).status).toBe(401);
  expect((await server.call("/v1/models", undefined, as(third.key))).status).toBe(200);
});

const FORM = "multipart";
it.each<[path: string, body: Record<string, unknown> | typeof FORM]>([
  ["/v1/chat/completions", chat("secret-model")],
  ["/v1/chat/completions", { ...chat("secret-model"), stream: true }],
  ["/v1/completions", { prompt: "x" }],
  ["/v1/messages", { ...chat(), max_tokens: 5 }],
  ["/v1/responses", { input: "x" }],
  ["/v1/embeddings", { input: "x" }],
  ["/v1/rerank", { query: "x", documents: ["y"] }],
  ["/v2/rerank", { query: "x", documents: ["y"] }],
  ["/tokenize", { prompt: "x" }],
  ["/detokenize", { tokens: [1] }],
  ["/v1/messages/count_tokens", chat()],
  ["/v1/audio/speech", { input: "x", voice: "y" }],
  ["/v1/audio/transcriptions", FORM],
  ["/v1/audio/translations", FORM],
  ["/v1/images/generations", { prompt: "x" }],
  ["/v1/images/edits", FORM],
])("keeps a key to its models at %s", async (path, body) => {
  const server = await setUp();
  const { key } = await make(server, { models: ["chat", "gpt-*"] });
  const ask = (model: string) => {
    if (body !== FORM) return server.call(path, { ...body, model }, as(key));
    const form = new FormData();
    form.set("model", model);
    form.set("prompt", "x");
    form.set("file", new Blob(["x"]), "x.wav");
    const headers = { authorization: `Bearer ${key}` };
    return fetch(`${server.url}${path}`, { method: "POST", headers, body: form });
  };
  const refused = await ask("secret-model");
  expect(refused.status).toBe(403);
  expect(await refused.text()).toMatch(/may use only: chat, gpt-\*/);
  expect((await ask("gpt-mini")).status).not.toBe(403);
  const unknown = await (await ask("gpt-none")).text();
  expect(unknown).toMatch(/There are: chat, gpt-\*/);
  expect(unknown).not.toContain("secret-model");
});

it("keeps a key to its models in a batch", async () => {
  const server = await setUp();
  const { key } = await make(server, { models: ["chat"] });
  const lines = ["chat", "secret-model"].map((model) =>
    JSON.stringify({
      custom_id: model,
      method: "POST",
      url: "/v1/chat/completions",
      body: chat(model),
    }),
  );
  const form = new FormData();
  form.set("purpose", "batch");
  form.set("file", new Blob([lines.join("\n")]), "lines.jsonl");
  const headers = { authorization: `Bearer ${key}` };
  const sent = await fetch(`${server.url}/v1/files`, { method: "POST", headers, body: form });
  const { id: input } = (await sent.json()) as { id: string };
  const wish = {
    input_file_id: input,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
  };
  const { id } = (await (await server.call("/v1/batches", wish, as(key))).json()) as { id: string };
  const look = async () => {
    const answer = await server.call(`/v1/batches/${id}`, undefined, as(key));
    return (await answer.json()) as { status: string; error_file_id: string | null };
  };
  const done = await eventually(look, ({ status }) => status === "completed");
  const path = `/v1/files/${done.error_file_id}/content`;
  const errors = await (await server.call(path, undefined, as(key))).text();
  expect(errors).toMatch(/secret-model.*may use only: chat/s);
});

it("shows a key only the models that it may use", async () => {
  const server = await setUp();
  await server.call("/admin/v1/tenants", { id: "shop", models: ["gpt-*", "secret-model"] });
  const { key } = await make(server, { tenant: "shop", models: ["chat", "gpt-*"] });
  const list = await (await server.call("/v1/models", undefined, as(key))).json();
  expect(list).toMatchObject({ data: [{ id: "gpt-mini" }] });
  expect((await server.call("/v1/models/gpt-mini", undefined, as(key))).status).toBe(200);
  const hidden = await server.call("/v1/models/secret-model", undefined, as(key));
  expect(await refusal(hidden)).toMatchObject({ status: 404, code: "model_not_found" });
});

const TARGET = { model: "chat", target: "openai-compatible/up" };
const ROUTES: Readonly<Record<string, readonly [least: Scope, body?: unknown]>> = {
  "GET /admin/v1/overview": ["viewer"],
  "GET /admin/v1/calls": ["viewer"],
  "GET /admin/v1/calls/none": ["viewer"],
  "GET /admin/v1/runs": ["viewer"],
  "GET /admin/v1/runs/none": ["viewer"],
  "POST /admin/v1/runs/none/feedback": ["operator", { key: "good" }],
  "GET /admin/v1/runs/export": ["admin"],
  "GET /admin/v1/run-facets": ["viewer"],
  "GET /admin/v1/figures?from=0&to=60000": ["viewer"],
  "GET /admin/v1/overhead": ["viewer"],
  "GET /admin/v1/guard": ["viewer"],
  "POST /admin/v1/guard/try": ["viewer"],
  "GET /admin/v1/guard/approvals": ["operator"],
  "POST /admin/v1/guard/approvals/none": ["operator", { decision: "deny" }],
  "POST /admin/v1/guard/unpin": ["operator", { tool: "none" }],
  "POST /admin/v1/guard/vault/open": ["operator", { text: "x" }],
  "DELETE /admin/v1/guard/vault/none": ["admin"],
  "GET /admin/v1/projects": ["viewer"],
  "GET /admin/v1/costs?by=model": ["viewer"],
  "GET /admin/v1/costs/forecast": ["viewer"],
  "GET /admin/v1/costs/advice": ["viewer"],
  "GET /admin/v1/costs/preview?on=gpt-4o": ["viewer"],
  "GET /admin/v1/traces/none": ["viewer"],
  "GET /admin/v1/traces/none/tree": ["viewer"],
  "DELETE /admin/v1/traces/none": ["admin"],
  "DELETE /admin/v1/users/none/runs": ["admin"],
  "GET /admin/v1/reads": ["admin"],
  "GET /admin/v1/views": ["viewer"],
  "POST /admin/v1/views": ["operator", { name: "x", page: "traces", query: {} }],
  "DELETE /admin/v1/views/none": ["operator"],
  "GET /admin/v1/models": ["viewer"],
  "GET /admin/v1/limits": ["viewer"],
  "GET /admin/v1/spend": ["viewer"],
  "GET /admin/v1/session": ["viewer"],
  "GET /admin/v1/targets/facts?model=chat&target=none": ["viewer"],
  "POST /admin/v1/targets/test": ["operator", TARGET],
  "POST /admin/v1/targets/actions": ["operator", { ...TARGET, action: "wake" }],
  "GET /admin/v1/scaling": ["viewer"],
  "GET /admin/v1/scaling/replicas?model=none": ["viewer"],
  "POST /admin/v1/scaling": ["operator", { action: "resume", model: "none" }],
  "GET /admin/v1/releases": ["viewer"],
  "GET /admin/v1/releases/detail?model=none": ["viewer"],
  "GET /admin/v1/releases/journal?model=none": ["viewer"],
  "GET /admin/v1/releases/to-judge?model=none": ["viewer"],
  "POST /admin/v1/releases/rejudge": ["viewer", { model: "none" }],
  "POST /admin/v1/releases/actions": ["operator", { model: "none", action: "pause" }],
  "POST /admin/v1/releases/scores": ["operator", { model: "none", call: "x", score: 1 }],
  "GET /admin/v1/library": ["viewer"],
  "GET /admin/v1/library/file?ref=x": ["viewer"],
  "DELETE /admin/v1/library/file?ref=x": ["operator"],
  "POST /admin/v1/library/clean": ["operator"],
  "GET /admin/v1/library/measurements": ["viewer"],
  "DELETE /admin/v1/library/measurements/none": ["operator"],
  "GET /admin/v1/library/jobs": ["viewer"],
  "GET /admin/v1/library/jobs/none": ["viewer"],
  "POST /admin/v1/library/jobs/none/cancel": ["operator"],
  "POST /admin/v1/library/pull": ["operator", { source: "nothing" }],
  "POST /admin/v1/library/quantize": ["operator", { ref: "x", type: "Q4_0" }],
  "POST /admin/v1/library/compare": ["operator", { original: "x", files: [] }],
  "POST /admin/v1/library/optimize": ["operator", { original: "x" }],
  "GET /admin/v1/keys": ["admin"],
  "POST /admin/v1/keys": ["admin", { name: "x" }],
  "PATCH /admin/v1/keys/none": ["admin", {}],
  "POST /admin/v1/keys/none/rotate": ["admin", {}],
  "DELETE /admin/v1/keys/none": ["admin"],
  "GET /admin/v1/tenants": ["admin"],
  "POST /admin/v1/tenants": ["admin", { id: "x" }],
  "PATCH /admin/v1/tenants/none": ["admin", {}],
  "DELETE /admin/v1/tenants/none": ["admin"],
  "GET /admin/v1/users": ["admin"],
};
const COVERED: Readonly<Record<Scope, readonly Scope[]>> = {
  inference: ["inference"],
  traces: ["traces"],
  viewer: ["viewer"],
  operator: ["viewer", "operator"],
  admin: ["viewer", "operator", "admin", "inference", "traces"],
};
/** Anybody: who signs in or out is nobody yet, or no more. */
const OPEN = new Set(["POST /admin/v1/session", "DELETE /admin/v1/session"]);

it("asks every admin route with every role", async () => {
  // So many strangers in a minute would be throttled.
  const server = await setUp("limits: { perIp: { wrongKeysPerMinute: 0 } }");
  const keys = {
    inference: (await make(server, { scopes: ["inference"] })).key,
    traces: (await make(server, { scopes: ["traces"] })).key,
    viewer: (await make(server, { scopes: ["viewer"] })).key,
    operator: (await make(server, { scopes: ["operator"] })).key,
    admin: (await make(server, { scopes: ["admin"] })).key,
  };
  const wrong: string[] = [];
  for (const [route, [least, body]] of Object.entries(ROUTES)) {
    const [method = "", path = ""] = route.split(" ");
    for (const scope of SCOPES) {
      const { status } = await server.call(path, body, { method, ...as(keys[scope]) });
      const isRefused = status === 401 || status === 403;
      if (isRefused === COVERED[scope].includes(least)) wrong.push(`${scope}: ${route}: ${status}`);
    }
    const stranger = await server.call(path, body ?? undefined, {
      method,
      headers: { authorization: "" },
    });
    if (stranger.status !== 401) wrong.push(`nobody: ${route}: ${stranger.status}`);
  }
  expect(wrong).toEqual([]);
});

it("has a line in that table for every admin route", async () => {
  const server = await setUp();
  const document = (await (await server.call("/openapi.json")).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const registered = Object.entries(document.paths)
    .filter(([path]) => path.startsWith("/admin/"))
    .flatMap(([path, methods]) => Object.keys(methods).map((one) => `${one.toUpperCase()} ${path}`))
    .filter((route) => !OPEN.has(route));
  const listed = Object.keys(ROUTES).map((route) =>
    (route.split("?")[0] ?? "").replace("/none", "/{id}"),
  );
  expect(listed.toSorted()).toEqual(registered.toSorted());
});

it.each<[what: string, body: unknown, param: string, message: RegExp]>([
  ["no name", {}, "name", /name/],
  ["an unknown scope", { name: "x", scopes: ["root"] }, "scopes[0]", /viewer/],
  ["no scope", { name: "x", scopes: [] }, "scopes", /at least one scope/],
  ["an end in the past", { name: "x", expiresAt: 5 }, "expiresAt", /1970.*has passed/],
  ["a star in the middle", { name: "x", models: ["a*b"] }, "models[0]", /only at its end/],
  ["a tenant that is not there", { name: "x", tenant: "none" }, "tenant", /There are: default/],
  ["a limit of nothing", { name: "x", limits: { concurrency: 0 } }, "limits.concurrency", /1/],
  ["an unknown limit", { name: "x", limits: { speed: 1 } }, "limits", /speed/],
  [
    "an amount in words",
    { name: "x", limits: { costPerDay: "much" } },
    "limits.costPerDay",
    /20 USD/,
  ],
  ["an unknown field", { name: "x", colour: "red" }, "", /colour/],
])("refuses a key with %s", async (_what, body, param, message) => {
  const server = await setUp();
  const answer = await server.call("/admin/v1/keys", body);
  expect(answer.status).toBe(400);
  const { error } = (await answer.json()) as { error: { message: string; param: string | null } };
  expect(error.message).toMatch(message);
  expect(error.param ?? "").toBe(param);
});

it("changes what was said of a key and leaves the rest", async () => {
  const server = await setUp();
  const made = await make(server, {
    limits: { requestsPerMinute: 5, costPerDay: 7 },
    models: ["chat"],
    metadata: { team: "shop" },
  });
  const path = `/admin/v1/keys/${made.id}`;
  const changed = await change(server, path, {
    name: "renamed",
    limits: { costPerMonth: "1.5 USD" },
    priority: "low",
  });
  expect(await changed.json()).toMatchObject({
    id: made.id,
    name: "renamed",
    limits: { costPerMonth: 1_500_000_000 },
    priority: "low",
    models: ["chat"],
    metadata: { team: "shop" },
    state: "active",
  });
  expect((await change(server, "/admin/v1/keys/none", { name: "x" })).status).toBe(404);
});

it("keeps the last admin key, and the one that asks", async () => {
  const server = await setUp();
  const fixed = await change(server, "/admin/v1/keys/key_env", { scopes: ["viewer"] });
  expect(await refusal(fixed)).toMatchObject({ status: 409 });
  const own = await server.call("/admin/v1/keys/key_env", undefined, { method: "DELETE" });
  expect(await refusal(own)).toMatchObject({ status: 409 });
});

it("signs in with a viewer's key, and not with one for inference", async () => {
  const server = await setUp();
  const viewer = await make(server, { scopes: ["viewer"], name: "grafana" });
  const opened = await server.call("/admin/v1/session", { key: viewer.key });
  expect(opened.status).toBe(204);
  const cookie = opened.headers.get("set-cookie")?.split(";")[0] ?? "";
  const headers = { authorization: "", cookie };
  const session = await server.call("/admin/v1/session", undefined, { headers });
  expect(await session.json()).toMatchObject({ key: "grafana", role: "viewer", user: null });
  expect((await server.call("/admin/v1/keys", undefined, { headers })).status).toBe(403);
  const app = await make(server);
  expect((await server.call("/admin/v1/session", { key: app.key })).status).toBe(401);
});

it("lists hundreds of keys, each with its own", async () => {
  const server = await setUp();
  const made: CreatedKey[] = [];
  for (let count = 0; count < 300; count++) {
    made.push(await make(server, { name: `key ${count}`, metadata: { number: String(count) } }));
  }
  const { keys } = (await (await server.call("/admin/v1/keys")).json()) as { keys: KeyRow[] };
  expect(keys).toHaveLength(301);
  expect(keys.at(-1)).toMatchObject({ name: "key 299", metadata: { number: "299" } });
  for (const { key } of made.slice(-3)) {
    expect((await server.call("/v1/models", undefined, as(key))).status).toBe(200);
  }
});

it("works from the command line on the same folder, and the server sees it", async () => {
  const server = await setUp();
  const data = join(server.folder, "data");
  const run = async (...args: string[]) => {
    const cli = weir([...args, "--data", data, "--json"], { cwd: temporaryFolder() });
    return { code: await cli.ended, output: cli.output() };
  };
  await run(
    "tenants",
    "create",
    "shop",
    "--limit",
    "costPerMonth=200 USD",
    "--models",
    "gpt-*,chat",
  );
  const tenants = await server.call("/admin/v1/tenants");
  expect(((await tenants.json()) as { tenants: TenantRow[] }).tenants).toContainEqual(
    expect.objectContaining({
      id: "shop",
      models: ["gpt-*", "chat"],
      limits: { costPerMonth: 200e9 },
    }),
  );
  const options = ["--tenant", "shop", "--expires", "90d", "--limit", "requestsPerMinute=60"];
  const made = await run("keys", "create", "web", ...options);
  const created = JSON.parse(made.output) as CreatedKey;
  expect(created).toMatchObject({ tenant: "shop", limits: { requestsPerMinute: 60 } });
  const ask = async () => (await server.call("/v1/models", undefined, as(created.key))).status;
  await eventually(ask, (status) => status === 200);
  await run("tenants", "disable", "shop");
  await eventually(ask, (status) => status === 403);
  await run("tenants", "enable", "shop");
  await eventually(ask, (status) => status === 200);
  const edited = await run("keys", "edit", created.id, "--limit", "requestsPerMinute=none");
  expect(JSON.parse(edited.output)).toMatchObject({ limits: {}, expiresAt: created.expiresAt });
  const rotated = await run("keys", "rotate", created.id, "--grace", "0");
  await eventually(ask, (status) => status === 401);
  const { key } = JSON.parse(rotated.output) as CreatedKey;
  expect((await server.call("/v1/models", undefined, as(key))).status).toBe(200);
  expect((await run("tenants", "delete", "shop")).code).toBe(1);
  await run("keys", "revoke", created.id);
  expect((await run("tenants", "delete", "shop")).code).toBe(0);
});

it.each<[string[], RegExp]>([
  [["keys", "create"], /create needs a name/],
  [
    ["keys", "create", "x", "--scope", "root"],
    /--scope is inference, traces, viewer, operator or admin/,
  ],
  [["keys", "create", "x", "--expires", "soon"], /--expires takes 90d/],
  [["keys", "create", "x", "--limit", "speed=3"], /no limit "speed"; there are: requestsPerMinute/],
  [["keys", "create", "x", "--limit", "concurrency=-3"], /a whole number from 1 on/],
  [["keys", "create", "x", "--limit", "costPerDay=5"], /an amount such as costPerDay='5 USD'/],
  [["keys", "create", "x", "--models", "a b"], /names separated by commas/],
  [["keys", "create", "x", "--tenant", "none"], /no tenant "none".*There are: default/],
  [["keys", "edit", "key_1", "--name", "x"], /no key with the id key_1/],
  [["keys", "rotate"], /rotate needs a key's id/],
  [["keys", "fly"], /unknown action "fly"/],
  [["tenants", "create", "Big Shop"], /small letters/],
  [["tenants", "delete", "default"], /always is there/],
])("says what is wrong with weir %j", async (args, message) => {
  const cli = weir(args, { cwd: temporaryFolder() });
  expect(await cli.ended).not.toBe(0);
  expect(cli.output()).toMatch(message);
  expect(cli.output()).not.toContain("    at ");
});

it("shares keys over PostgreSQL between replicas and the command line, and outlives its absence", async (context) => {
  needsPostgres(context);
  const own = await startPostgres();
  if (!own) return;
  onTestFinished(() => own.stop());
  const url = await own.database();
  const env = { PG: url };
  const yaml = "postgres: { urlEnv: PG, refresh: 50ms }";
  const [one, other] = [await setUp(yaml, env), await setUp(yaml, env)];
  const { key, id } = await make(one);
  const ask = async (server: TestServer, secret: string) =>
    (await server.call("/v1/models", undefined, as(secret))).status;
  await eventually(
    () => ask(other, key),
    (status) => status === 200,
  );

  await own.kill();
  expect(await ask(one, key)).toBe(200);
  expect(await ask(other, key)).toBe(200);
  const refused = await refusal(await one.call("/admin/v1/keys", { name: "now" }));
  expect(refused).toMatchObject({ status: 503, code: "storage_unavailable" });
  expect(refused.message).toMatch(/Keys that are known go on working/);
  expect((await one.call("/admin/v1/keys")).status).toBe(200);

  await own.start();
  const revoke = () => one.call(`/admin/v1/keys/${id}`, undefined, { method: "DELETE" });
  await eventually(revoke, ({ status }) => status === 204);
  await eventually(
    () => ask(other, key),
    (status) => status === 401,
  );

  const folder = temporaryFolder();
  const config = join(folder, "weir.yaml");
  writeFileSync(config, "postgres: { urlEnv: PG }\n");
  const cli = weir(["keys", "create", "by-command", "--json"], { cwd: folder, env });
  expect(await cli.ended).toBe(0);
  const made = JSON.parse(cli.output()) as CreatedKey;
  await eventually(
    () => ask(other, made.key),
    (status) => status === 200,
  );
});

it("finds a sign-in of another replica at once, and the end of it soon", async (context) => {
  needsPostgres(context);
  const env = { PG: (await postgres?.database()) ?? "" };
  const yaml = "postgres: { urlEnv: PG, refresh: 100ms }";
  const [one, other] = [await setUp(yaml, env), await setUp(yaml, env)];
  const { key } = await make(one, { scopes: ["viewer"] });
  const opened = await one.call("/admin/v1/session", { key });
  const cookie = opened.headers.get("set-cookie")?.split(";")[0] ?? "";
  const headers = { authorization: "", cookie, "x-weir-csrf": "1" };
  const ask = async () => (await other.call("/admin/v1/session", undefined, { headers })).status;
  expect(await ask()).toBe(200);
  await one.call("/auth/logout", undefined, { method: "POST", headers });
  await eventually(ask, (status) => status === 401);
});

it("does not start without its PostgreSQL, and says why", async () => {
  const start = setUp("postgres: { urlEnv: PG }", { PG: "postgres://weir@127.0.0.1:1/weir" });
  await expect(start).rejects.toMatchObject({
    code: "invalid_config",
    message: expect.stringMatching(/Cannot use PostgreSQL at 127\.0\.0\.1:1\/weir/) as string,
  });
  await expect(setUp("postgres: { urlEnv: PG }")).rejects.toThrow(/variable PG, which is not set/);
});
