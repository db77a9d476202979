import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { parseConfig } from "../../src/config/load.ts";
import { LIST_VERSION } from "../../src/watch/cost/price-list.ts";
import { type TestServer, startServer } from "../support/server.ts";

/** Every run and every call gets a cost and the name of its price, and keeps both. */

interface Priced {
  readonly id: string;
  readonly costNanos: number | null;
  readonly priceVersion: string | null;
}

async function runs(server: TestServer, query = ""): Promise<(Priced & Record<string, unknown>)[]> {
  const answer = await server.call(`/admin/v1/runs?${query}`);
  const list = (await answer.json()) as { runs: (Priced & Record<string, unknown>)[] };
  return list.runs;
}

/** A model run as a LangSmith SDK sends it. */
async function sendRun(
  server: TestServer,
  metadata: object,
  more: Record<string, unknown> = {},
): Promise<string> {
  const id = randomUUID();
  const answer = await server.call("/runs", {
    id,
    trace_id: id,
    name: "ChatModel",
    run_type: "llm",
    start_time: Date.now(),
    end_time: Date.now() + 100,
    extra: {
      metadata: {
        usage_metadata: { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 },
        ...metadata,
      },
    },
    ...more,
  });
  expect(answer.status).toBe(202);
  return id;
}

it("prices a LangSmith run by the list, by weir.yaml, and not at all where nobody knows", async () => {
  const server = await startServer(`
models: {}
prices: [{ model: "acme-*", input: 1 USD, output: 2 USD }]`);
  const listed = await sendRun(server, { ls_model_name: "gpt-5-mini", ls_provider: "openai" });
  const own = await sendRun(server, { ls_model_name: "acme-7b" });
  const unknown = await sendRun(server, { ls_model_name: "nobody-knows" });
  const told = await sendRun(server, {
    ls_model_name: "gpt-5-mini",
    usage_metadata: { input_tokens: 1, output_tokens: 1, total_tokens: 2, total_cost: 0.5 },
  });
  const found = new Map((await runs(server)).map((run) => [run.id, run]));
  expect(found.get(listed)).toMatchObject({
    costNanos: 1000 * 250 + 100 * 2000,
    inputCostNanos: 250_000,
    outputCostNanos: 200_000,
    priceVersion: `${LIST_VERSION}/openai/gpt-5-mini`,
  });
  expect(found.get(own)).toMatchObject({ costNanos: 1_200_000 });
  expect(found.get(own)?.priceVersion).toMatch(/^weir\.yaml@/);
  expect(found.get(unknown)).toMatchObject({ costNanos: null, priceVersion: null });
  expect(found.get(told)).toMatchObject({ costNanos: 500_000_000, priceVersion: null });
  const figures = await server.call(`/admin/v1/figures?from=0&to=${Date.now() + 60_000}`);
  expect(await figures.json()).toMatchObject({ figures: [{ counted: 4, unpriced: 1 }] });
});

it("prices Weir's own calls, and knows a wrapped client's run of the same answer", async () => {
  const mock = await createMockUpstream({ reply: "Hello." });
  onTestFinished(() => mock.close());
  const server = await startServer(
    `
models:
  chat: { targets: [{ provider: openai, url: "${mock.url}", model: gpt-5-mini }] }
  own: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] }
prices: [{ model: up, provider: "openai-*", input: 1 USD, output: 3 USD }]`,
    { env: { OPENAI_API_KEY: "sk" } },
  );
  const ask = async (model: string) => {
    const answer = await server.call("/v1/chat/completions", {
      model,
      messages: [{ role: "user", content: "Hi" }],
    });
    expect(answer.status).toBe(200);
    return (await answer.json()) as {
      id: string;
      usage: { prompt_tokens: number; completion_tokens: number };
    };
  };
  const { id, usage } = await ask("chat");
  const own = await ask("own");
  const [second, first] = await runs(server, "source=call");
  const input = usage.prompt_tokens * 250;
  expect(first).toMatchObject({
    costNanos: input + usage.completion_tokens * 2000,
    inputCostNanos: input,
    priceVersion: `${LIST_VERSION}/openai/gpt-5-mini`,
  });
  expect(second).toMatchObject({
    costNanos: own.usage.prompt_tokens * 1000 + own.usage.completion_tokens * 3000,
  });
  expect(second?.priceVersion).toMatch(/^weir\.yaml@/);
  // What the wrapped client of the same call says is not counted a second time.
  const wrapped = await sendRun(server, { ls_model_name: "chat" }, { outputs: { id } });
  const all = await runs(server);
  expect(all.find((run) => run.id === wrapped)).toMatchObject({ isCovered: true });
});

it("does not price anew what was priced, when weir.yaml's prices change", async () => {
  const yaml = (dollars: number) =>
    `models: {}\nprices: [{ model: acme, input: ${dollars} USD, output: ${dollars} USD }]`;
  const server = await startServer(yaml(1));
  const before = await sendRun(server, { ls_model_name: "acme" });
  const [old] = await runs(server);
  expect(old).toMatchObject({ id: before, costNanos: 1_100_000 });
  await server.apply(parseConfig(yaml(2), "test.yaml"));
  const after = await sendRun(server, { ls_model_name: "acme" });
  // Something late about the old run does not change what it cost.
  const late = await server.call(
    `/runs/${before}`,
    { trace_id: before, tags: ["late"], outputs: { output: "late" } },
    { method: "PATCH" },
  );
  expect(late.status).toBe(202);
  const found = new Map((await runs(server)).map((run) => [run.id, run]));
  expect(found.get(before)).toMatchObject({
    tags: ["late"],
    costNanos: 1_100_000,
    priceVersion: old?.priceVersion,
  });
  expect(found.get(after)).toMatchObject({ costNanos: 2_200_000 });
  expect(found.get(after)?.priceVersion).not.toBe(old?.priceVersion);
});

it("knows the id of the answer that the client got, relayed or written anew, streamed or not", async () => {
  const mock = await createMockUpstream({ reply: "Hello." });
  onTestFinished(() => mock.close());
  const server = await startServer(
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  const messages = [{ role: "user", content: "Hi" }];
  const asked: [string, object, RegExp][] = [
    ["/v1/chat/completions", { stream: true }, /"id":"([^"]+)"/],
    ["/v1/messages", { max_tokens: 9 }, /"id":"(msg_[^"]+)"/],
    ["/v1/messages", { max_tokens: 9, stream: true }, /"id":"(msg_[^"]+)"/],
  ];
  for (const [path, more, pattern] of asked) {
    const answer = await server.call(path, { model: "chat", messages, ...more });
    const [, id] = pattern.exec(await answer.text()) ?? [];
    expect(id).toBeDefined();
    const wrapped = await sendRun(server, { ls_model_name: "chat" }, { outputs: { id } });
    const all = await runs(server);
    expect({ path, ...all.find((run) => run.id === wrapped) }).toMatchObject({ isCovered: true });
  }
});
