import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { DIMENSIONS } from "../../src/core/run-query.ts";
import type { CostAdvice, CostForecast, CostReport } from "../../src/http/cost-schemas.ts";
import { type TestServer, startServer } from "../support/server.ts";

/** Reports of cost: whatever they are split by, they come to what the runs say. */

const HOUR = 3_600_000;
const PRICES = `prices: [{ model: "acme*", input: 1 USD, output: 2 USD, cachedInput: 0.1 USD }]`;

interface Told {
  readonly model?: string;
  readonly user?: string;
  readonly at?: number;
  readonly usage?: object;
  readonly tags?: string[];
  readonly project?: string;
  readonly input?: string;
  readonly prompt?: string;
}

function runOf(told: Told) {
  const { model = "acme-7b", user = "ann", at = Date.now(), tags = [], project = "shop" } = told;
  const id = randomUUID();
  const usage = told.usage ?? { input_tokens: 1000, output_tokens: 100 };
  return {
    id,
    trace_id: id,
    name: "Model",
    run_type: "llm",
    start_time: at,
    end_time: at + 100,
    session_name: project,
    tags,
    inputs: { messages: [{ role: "user", content: told.input ?? randomUUID() }] },
    outputs: { choices: [{ message: { content: "yes" } }] },
    extra: {
      metadata: {
        user_id: user,
        ls_model_name: model,
        usage_metadata: usage,
        ...(told.prompt && { prompt_name: told.prompt, prompt_version: "3" }),
      },
    },
    dotted_order: `20260101T000000000000Z${id}`,
  };
}

async function send(server: TestServer, runs: readonly Told[]): Promise<void> {
  const answer = await server.call("/runs/batch", { post: runs.map(runOf), patch: [] });
  expect(answer.status).toBe(202);
}

async function get<T>(server: TestServer, path: string): Promise<T> {
  const answer = await server.call(path);
  const body = await answer.text();
  expect({ path, status: answer.status, body }).toMatchObject({ status: 200 });
  return JSON.parse(body) as T; // a test reads what it asked for
}

type Listed = Record<string, unknown>;

const FIELDS = ["costNanos", "inputTokens", "outputTokens", "cachedTokens", "reasoningTokens"];

function sumsOf(runs: readonly Listed[]): Record<string, number> {
  const sum = (field: string) => runs.reduce((all, run) => all + Number(run[field] ?? 0), 0);
  return Object.fromEntries(FIELDS.map((field) => [field, sum(field)]));
}

function tagsOf({ tags }: Listed): readonly unknown[] {
  return Array.isArray(tags) ? tags : [];
}

it("agrees with the sum of the runs in every dimension and every period", async () => {
  const mock = await createMockUpstream({ reply: "Hello there." });
  onTestFinished(() => mock.close());
  const server = await startServer(`
models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: acme-2 }] } }
${PRICES}`);
  for (const user of ["ann", "bob"]) {
    const messages = [{ role: "user", content: "Hi" }];
    const answer = await server.call("/v1/chat/completions", { model: "chat", user, messages });
    expect(answer.status).toBe(200);
  }
  await send(server, [
    { tags: ["prod"], prompt: "greet" },
    {
      user: "bob",
      model: "acme-8b",
      usage: {
        input_tokens: 500,
        output_tokens: 50,
        input_token_details: { cache_read: 400 },
        output_token_details: { reasoning: 20 },
      },
    },
    { model: "nobody-knows" },
  ]);
  const { runs } = await get<{ runs: Listed[] }>(server, "/admin/v1/runs");
  const sums = sumsOf(runs);
  expect(sums).toMatchObject({ cachedTokens: 400, reasoningTokens: 20 });
  expect(sums["costNanos"]).toBeGreaterThan(1_200_000);
  // In the middle of an hour, and of a day: periods begin where they do in the calendar.
  const [from, to] = [Date.now() - HOUR, Date.now() + HOUR];
  const starts = { hour: HOUR, day: 24 * HOUR };
  for (const [bucket, ms] of Object.entries(starts)) {
    const path = `/admin/v1/costs?from=${from}&to=${to}&by=user&bucket=${bucket}`;
    const { rows } = await get<CostReport>(server, path);
    expect(rows.map(({ at }) => at % ms)).toEqual(rows.map(() => 0));
  }
  for (const by of DIMENSIONS) {
    for (const bucket of ["", "&bucket=hour", "&bucket=day", "&bucket=week", "&bucket=month"]) {
      const path = `/admin/v1/costs?from=${from}&to=${to}&by=${by}${bucket}`;
      const { rows, total } = await get<CostReport>(server, path);
      const added = sumsOf(rows);
      // Runs without a tag are in no row of that report.
      const whole = by === "tag" ? sumsOf(runs.filter((run) => tagsOf(run).length > 0)) : sums;
      expect({ path, ...added }).toEqual({ path, ...whole });
      expect({ path, ...total }).toMatchObject({ path, ...sums, requests: 5, unpriced: 1 });
      const row = rows.find(({ requests }) => requests > 0);
      expect(row?.perRequest.totalTokens).toBeCloseTo(
        ((row?.inputTokens ?? 0) + (row?.outputTokens ?? 0)) / (row?.requests ?? 0),
      );
    }
  }
  const byUser = await get<CostReport>(server, `/admin/v1/costs?by=user,model&user=bob`);
  expect(new Set(byUser.rows.map(({ values }) => values[0]))).toEqual(new Set(["bob"]));
  const byProject = await get<CostReport>(server, `/admin/v1/costs?by=project`);
  expect(byProject.rows.flatMap(({ labels }) => labels).toSorted()).toEqual(["shop", "weir"]);
});

it("gives a spreadsheet the same, and no formulas", async () => {
  const server = await startServer(`models: {}\n${PRICES}`);
  await send(server, [{ user: "=cmd()" }, { user: 'quo"te, comma' }]);
  const answer = await server.call("/admin/v1/costs?by=user&format=csv");
  expect(answer.headers.get("content-type")).toContain("text/csv");
  const [head, ...lines] = (await answer.text()).trim().split("\r\n");
  expect(head).toMatch(/^from,user,user_name,cost_usd,api_cost_usd/);
  expect(lines.toSorted()[0]).toContain(`,"quo""te, comma","quo""te, comma",0.001200000,`);
  expect(lines.toSorted()[1]).toContain(",'=cmd(),'=cmd(),0.001200000,");
});

it("tells what a machine of one's own costs while nobody uses it", async () => {
  const mock = await createMockUpstream({ kind: "vllm", reply: "Hello." });
  onTestFinished(() => mock.close());
  const server = await startServer(`
models: { own: { targets: [{ provider: vllm, url: "${mock.url}", model: m, cost: { gpuHour: 3600 USD } }] } }
${PRICES}`);
  const messages = [{ role: "user", content: "Hi" }];
  expect((await server.call("/v1/chat/completions", { model: "own", messages })).status).toBe(200);
  const alone = await get<CostReport>(server, "/admin/v1/costs?by=user");
  expect(alone.rows.map((row) => [row.values, row.apiCostNanos])).toEqual([[[""], 0]]);
  expect(alone.rows[0]?.infraCostNanos).toBe(alone.total.costNanos);
  await send(server, [{}]);
  const report = await get<CostReport>(server, "/admin/v1/costs?by=source");
  const { total, machines, idleCostNanos } = report;
  expect(total.apiCostNanos).toBe(1_200_000);
  expect(total.infraCostNanos).toBeGreaterThan(0);
  expect(total.costNanos).toBe(total.apiCostNanos + total.infraCostNanos);
  const [machine] = machines;
  expect(machine).toMatchObject({
    model: "own",
    target: "vllm/m",
    hourlyNanos: 3600e9,
    busyNanos: total.infraCostNanos,
  });
  expect(machine?.billNanos).toBe((machine?.busyNanos ?? 0) + idleCostNanos);
  expect(machine?.billNanos).toBeCloseTo((machine?.hours ?? 0) * 3600e9, -1);
});

it("forecasts the month, and says by which method", async () => {
  const server = await startServer(`models: {}\n${PRICES}`);
  await send(server, [{}, { at: Date.now() - 26 * HOUR }]);
  const outlook = await get<CostForecast>(server, "/admin/v1/costs/forecast");
  expect(outlook.expectedNanos).toBeGreaterThanOrEqual(outlook.spentNanos);
  expect(outlook.highNanos).toBeGreaterThanOrEqual(outlook.expectedNanos);
  expect(outlook.method).toMatch(/full day/);
});

it("advises on what costs most, with its arithmetic", async () => {
  const server = await startServer(`models: {}\n${PRICES}`);
  const repeated = Array.from({ length: 4 }, () => ({ input: "the same question", prompt: "faq" }));
  await send(server, [
    ...repeated,
    { model: "gpt-4o", usage: { input_tokens: 1000, output_tokens: 5000 } },
  ]);
  const { advice, runs, costNanos } = await get<CostAdvice>(server, "/admin/v1/costs/advice");
  expect(runs).toBe(5);
  expect(costNanos).toBe(4 * 1_200_000 + 52_500_000);
  expect(advice.map(({ savingNanos }) => savingNanos)).toEqual(
    advice.map(({ savingNanos }) => savingNanos).toSorted((a, b) => b - a),
  );
  expect(advice).toContainEqual(
    expect.objectContaining({
      kind: "cache",
      dimension: "promptVersion",
      value: "faq:3",
      savingNanos: 3 * 1_200_000,
      arithmetic: expect.stringContaining("Of 5 runs looked at, 3 had the same input"),
    }),
  );
  expect(advice).toContainEqual(
    expect.objectContaining({
      kind: "shorter_answers",
      dimension: "model",
      value: "gpt-4o",
      savingNanos: 12_500_000,
      arithmetic: expect.stringContaining("Answers of 5000 tokens on average"),
    }),
  );
  const cheaper = advice.find(({ kind }) => kind === "cheaper_model");
  expect(cheaper).toMatchObject({
    value: "gpt-4o",
    arithmetic: expect.stringContaining("genai-prices@"),
  });
  const preview = await get<{ previewNanos: number }>(
    server,
    "/admin/v1/costs/preview?on=gpt-4o-mini",
  );
  // 5,000 in at $0.15 and 5,400 out at $0.60 a million.
  expect(preview.previewNanos).toBe(5000 * 150 + 5400 * 600);
});

it("says what is wrong with a question", async () => {
  const server = await startServer();
  const wrong: [string, RegExp][] = [
    ["/admin/v1/costs?by=colour", /by.*expected one of model/],
    ["/admin/v1/costs?by=model,user,tag", /at most two/],
    ["/admin/v1/costs?from=yesterday", /from.*2026-03-31/],
    ["/admin/v1/costs?from=2026-02-01&to=2026-01-01", /before `to`/],
    ["/admin/v1/costs/preview?on=nobody-knows", /nobody knows the price/],
  ];
  for (const [path, message] of wrong) {
    const answer = await server.call(path);
    expect({ path, status: answer.status }).toEqual({ path, status: 400 });
    expect(await answer.text()).toMatch(message);
  }
});
