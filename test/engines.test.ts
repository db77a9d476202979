import { expect, it, onTestFinished } from "vitest";
import { type MockOptions, createMockUpstream } from "../src/cli/mock/upstream.ts";
import { startServer } from "./support/server.ts";

/** vLLM's and TGI's own routes, as an operator reaches them through Weir. */

async function inFrontOf(kind: MockOptions["kind"], options: Partial<MockOptions> = {}) {
  const upstream = await createMockUpstream({ kind, ...options });
  onTestFinished(() => upstream.close());
  const weir = await startServer(
    `models: { m: { targets: [{ provider: ${kind}, url: "${upstream.url}", model: mock }] } }`,
  );
  const of = { model: "m", target: `${kind}/mock` };
  const act = (action: string, more = {}) =>
    weir.call("/admin/v1/targets/actions", { ...of, action, ...more });
  const facts = async () => {
    const query = new URLSearchParams(of).toString();
    return (await weir.call(`/admin/v1/targets/facts?${query}`)).json() as Promise<
      Record<string, unknown>
    >;
  };
  const paths = () => upstream.calls.map(({ path }) => path);
  return { upstream, weir, act, facts, paths };
}

it("asks vLLM about itself, and finds the routes that its key leaves open", async () => {
  const { facts } = await inFrontOf("vllm", { apiKey: "sk-engine" });
  // Weir has no key for it here: what answers all the same is open to anybody.
  const answer = await facts();
  expect(JSON.stringify(answer)).toContain("apiKeyEnv");
  const open = await inFrontOf("vllm", { devMode: true });
  expect(await open.facts()).toMatchObject({
    version: expect.any(String) as string,
    isSleeping: false,
    load: { running: expect.any(Number) as number, kvCacheUsage: expect.any(Number) as number },
    openRoutes: expect.arrayContaining(["/metrics", "/tokenize"]) as string[],
  });
});

it.each(["0.8.5", "0.11.0"])(
  "reads the metrics of vLLM %s under their names there",
  async (version) => {
    const { facts } = await inFrontOf("vllm", { version });
    const { load } = (await facts()) as { load: Record<string, number> };
    expect(Object.keys(load)).toEqual(
      expect.arrayContaining(["running", "waiting", "kvCacheUsage", "promptTokens"]),
    );
  },
);

it("puts vLLM to sleep and wakes it, weights first, read again where they were let go", async () => {
  const { act, paths, facts } = await inFrontOf("vllm", { devMode: true });
  expect((await act("sleep", { level: 1 })).status).toBe(200);
  expect(await facts()).toMatchObject({ isSleeping: true });
  expect((await act("wake")).status).toBe(200);
  expect(paths()).not.toContain("/collective_rpc");
  await act("sleep", { level: 2 });
  expect((await act("wake")).status).toBe(200);
  expect(paths().slice(-3)).toEqual([
    "/wake_up?tags=weights",
    "/collective_rpc",
    "/wake_up?tags=kv_cache",
  ]);
  expect((await act("reset-prefix-cache")).status).toBe(200);
});

it("loads and unloads an adapter, and hands vLLM's own refusal on", async () => {
  const { act, facts } = await inFrontOf("vllm");
  expect((await act("load-lora", { name: "sql", path: "/adapters/sql" })).status).toBe(200);
  expect(JSON.stringify(await facts())).toContain('"sql"');
  expect((await act("unload-lora", { name: "sql" })).status).toBe(200);
  const unknown = await act("unload-lora", { name: "sql" });
  expect(unknown.status).toBeGreaterThanOrEqual(400);
  expect(await unknown.text()).toMatch(/sql/);
});

it("says how vLLM must be started for what it lacks", async () => {
  const { act } = await inFrontOf("vllm");
  const answer = await act("sleep", { level: 1 });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain("VLLM_SERVER_DEV_MODE=1");
});

it("asks TGI about itself, and takes its words for a prompt that is too long", async () => {
  const { facts } = await inFrontOf("tgi");
  expect(await facts()).toMatchObject({
    version: expect.any(String) as string,
    load: { waiting: expect.any(Number) as number },
    openRoutes: expect.arrayContaining(["/info"]) as string[],
  });
  const upstream = await createMockUpstream({ kind: "tgi" });
  onTestFinished(() => upstream.close());
  const weir = await startServer(
    `models: { m: { targets: [{ provider: tgi, url: "${upstream.url}", model: mock-ctx-64 }] } }`,
  );
  const content = "a long story ".repeat(200);
  const asked = { model: "m", messages: [{ role: "user", content }] };
  const answer = await weir.call("/v1/chat/completions", asked);
  expect(await answer.json()).toMatchObject({ error: { code: "context_length_exceeded" } });
  expect(answer.status).toBe(400);
});

it("sends TGI no top_p that it refuses, and vLLM our words under its names", async () => {
  const messages = [{ role: "user", content: "Hi" }];
  const tgi = await inFrontOf("tgi");
  const asked = { model: "m", messages, top_p: 1 };
  expect((await tgi.weir.call("/v1/chat/completions", asked)).status).toBe(200);
  expect(tgi.upstream.requests.at(-1)).not.toHaveProperty("top_p");
  const vllm = await inFrontOf("vllm");
  const wishes = { model: "m", messages, repeat_penalty: 1.2, grammar: 'root ::= "a"' };
  expect((await vllm.weir.call("/v1/chat/completions", wishes)).status).toBe(200);
  expect(vllm.upstream.requests.at(-1)).toMatchObject({
    repetition_penalty: 1.2,
    structured_outputs: { grammar: 'root ::= "a"' },
  });
});

it("never lets an engine's own routes through", async () => {
  const { weir, upstream } = await inFrontOf("vllm", { devMode: true });
  const routes = ["/sleep?level=1", "/wake_up", "/collective_rpc", "/invocations", "/server_info"];
  for (const route of [...routes, "/v1/load_lora_adapter", "/pooling", "/load"]) {
    expect((await weir.call(route, {})).status).toBe(404);
  }
  expect(upstream.calls).toEqual([]);
});

it("names its requests in every answer, errors too", async () => {
  const { weir } = await inFrontOf("vllm");
  const answer = await weir.call("/admin/v1/calls/none");
  expect(answer.status).toBe(404);
  const { error } = (await answer.json()) as { error: { request_id: string } };
  expect(answer.headers.get("x-request-id")).toBe(error.request_id);
});
