import { type TestContext, expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import type { LimitList } from "../src/http/limit-schemas.ts";
import { type TestRedis, startRedis } from "./support/redis.ts";
import { type Replicas, startReplicas } from "./support/replicas.ts";
import { eventually } from "./support/server.ts";

/** Budgets and limits over three replicas that share one Redis, behind nginx: exact, whatever happens. */

const NANOS = 1_000_000_000;
const TOKENS = 32;
const ASK = { model: "chat", max_tokens: TOKENS, messages: [{ role: "user", content: "Hi" }] };
/** At 0.1 and 2 dollars a million tokens, of which the mock counts 8 for this prompt. */
const INPUT = 100;
const COST = 8 * INPUT + TOKENS * 2000;

async function setUp(
  context: TestContext,
  limits: string,
  { tokenMs = 0, timeout = "5s", whenDown = "refuse" } = {},
): Promise<{
  replicas: Replicas;
  server: TestRedis;
  mock: Awaited<ReturnType<typeof createMockUpstream>>;
}> {
  const server = await startRedis(context);
  const mock = await createMockUpstream({ tokens: TOKENS, tokenMs });
  onTestFinished(() => mock.close());
  const target = `provider: openai-compatible, url: "${mock.url}", price: { input: 0.1 USD, output: 2 USD }`;
  const model = (name: string) => `{ targets: [{ ${target}, model: ${name} }] }`;
  const replicas = await startReplicas(
    context,
    3,
    `models: { chat: ${model("up")}, broken: ${model("status-500")}, half: ${model("break")} }
limits: ${limits}
redis: { url: "${server.url}", timeout: ${timeout}, whenDown: ${whenDown} }
`,
  );
  return { replicas, server, mock };
}

async function standing({ ask }: Replicas, limit: string) {
  const { limits } = (await (await ask("/admin/v1/limits")).json()) as LimitList;
  const row = limits.find((one) => one.limit === limit);
  return { used: row?.used ?? 0, reserved: row?.reserved ?? 0 };
}

/** Once nothing runs any more. */
const settled = (replicas: Replicas, limit: string) =>
  eventually(
    () => standing(replicas, limit),
    ({ reserved }) => reserved === 0,
  );

async function count(answers: readonly Promise<Response>[]): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (const answer of await Promise.all(answers)) {
    await answer.text();
    counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
  }
  return counts;
}

it("spends a budget to within one call and not a nano more: 1,000 parallel calls over 3 replicas", async (context) => {
  const limit = 300 * COST + 1;
  const { replicas, mock } = await setUp(
    context,
    `{ perTenant: { costPerDay: "${(limit / NANOS).toFixed(9)} USD" } }`,
    { tokenMs: 1 },
  );
  const wave = async (calls: number) => {
    const counts = await count(
      Array.from({ length: calls }, () => replicas.ask("/v1/chat/completions", ASK)),
    );
    const [passed = 0, refused = 0] = [counts.get(200), counts.get(429)];
    expect(passed + refused).toBe(calls);
    await settled(replicas, "costPerDay");
    return { passed, refused };
  };
  let { passed, refused } = await wave(1000);
  // What was refused while others ran may fit now: until one call alone does not.
  while (passed > 0) {
    const next = await wave(100);
    passed = next.passed;
    refused += next.refused;
  }
  const { used } = await settled(replicas, "costPerDay");
  const spent = mock.finished() * COST;
  const overshoot = Math.max(0, spent - limit);
  process.stdout.write(
    `budget: limit ${limit}, spent ${spent} nano-dollars in ${mock.finished()} calls, overshoot ${overshoot}, refused ${refused}\n`,
  );
  expect(overshoot).toBe(0);
  expect(used).toBe(spent);
  expect(limit - spent).toBeLessThan(150_000); // what one call may come to
});

it("lets exactly the limit of requests a minute pass over 3 replicas", async (context) => {
  const { replicas, mock } = await setUp(context, "{ perKey: { requestsPerMinute: 137 } }");
  const counts = await count(
    Array.from({ length: 400 }, () => replicas.ask("/v1/chat/completions", ASK)),
  );
  process.stdout.write(
    `requests a minute: limit 137, passed ${counts.get(200)}, refused ${counts.get(429)}\n`,
  );
  expect(Object.fromEntries(counts)).toEqual({ 200: 137, 429: 263 });
  expect(mock.finished()).toBe(137);
});

it("lets exactly the limit of an address pass over 3 replicas", async (context) => {
  const { replicas, mock } = await setUp(context, "{ perIp: { requestsPerMinute: 50 } }");
  const counts = await count(
    Array.from({ length: 150 }, () => replicas.ask("/v1/chat/completions", ASK)),
  );
  expect(Object.fromEntries(counts)).toEqual({ 200: 50, 429: 100 });
  expect(mock.finished()).toBe(50);
});

it("charges what was made, whatever became of the call, on every endpoint", async (context) => {
  const limit = 1000 * COST;
  const { replicas, mock } = await setUp(
    context,
    `{ perKey: { costPerMonth: "${(limit / NANOS).toFixed(9)} USD", concurrency: 200 } }`,
    { tokenMs: 2 },
  );
  const { ask } = replicas;
  const chat = "/v1/chat/completions";
  for (const [path, body] of [
    [chat, ASK],
    [chat, { ...ASK, stream: true }],
    ["/v1/messages", ASK],
    ["/v1/responses", { model: "chat", max_output_tokens: TOKENS, input: "Hi", store: false }],
  ] as const) {
    const before = (await settled(replicas, "costPerMonth")).used;
    const answer = await ask(path, body);
    await answer.text();
    expect([path, answer.status]).toEqual([path, 200]);
    expect([path, (await settled(replicas, "costPerMonth")).used - before]).toEqual([path, COST]);
  }
  const before = (await settled(replicas, "costPerMonth")).used;
  const embedded = await ask("/v1/embeddings", { model: "chat", input: "some words" });
  expect(embedded.status).toBe(200);
  const { usage } = (await embedded.json()) as { usage: { prompt_tokens: number } };
  expect((await settled(replicas, "costPerMonth")).used - before).toBe(usage.prompt_tokens * INPUT);

  const beforeFailures = (await settled(replicas, "costPerMonth")).used;
  const failed = await count(
    Array.from({ length: 30 }, () => ask(chat, { ...ASK, model: "broken" })),
  );
  expect(failed.get(200)).toBeUndefined();
  expect((await settled(replicas, "costPerMonth")).used).toBe(beforeFailures);

  const leaving = Array.from({ length: 30 }, async () => {
    const left = new AbortController();
    const answer = await ask(chat, { ...ASK, stream: true }, { signal: left.signal });
    await answer.body?.getReader().read();
    left.abort();
  });
  const broken = Array.from({ length: 30 }, async () => {
    const answer = await ask(chat, { ...ASK, model: "half", stream: true });
    await answer.text().catch(() => "");
  });
  await Promise.all([...leaving, ...broken]);
  const { used } = await settled(replicas, "costPerMonth");
  expect(used).toBeGreaterThan(beforeFailures);
  expect(used).toBeLessThanOrEqual(beforeFailures + 60 * COST);
  expect(mock.aborted()).toBeGreaterThan(0);
});

it("turns calls away while Redis is stopped or asleep, and goes on exactly when it is back", async (context) => {
  const { replicas, server, mock } = await setUp(
    context,
    `{ perKey: { costPerDay: "${((20 * COST) / NANOS).toFixed(9)} USD" } }`,
    { tokenMs: 5, timeout: "1s" },
  );
  const one = () => replicas.ask("/v1/chat/completions", ASK);
  const running = Array.from({ length: 3 }, one);
  await eventually(
    () => Promise.resolve(mock.requests.length),
    (asked) => asked === 3,
  );
  server.sleep();
  onTestFinished(() => server.wake());
  expect([...(await count(running)).keys()]).toEqual([200]);
  const away = await one();
  expect([away.status, Number(away.headers.get("retry-after"))]).toEqual([503, 2]);
  server.wake();
  await eventually(
    () => standing(replicas, "costPerDay").catch(() => ({ used: 0, reserved: 0 })),
    ({ used, reserved }) => used === 3 * COST && reserved === 0,
  );
  await eventually(
    async () => (await count([one()])).has(200),
    (is) => is,
  );
  const { used } = await settled(replicas, "costPerDay");
  expect(used).toBe(mock.finished() * COST);
});

it("counts here while Redis is gone, and tells it afterwards what was spent, once", async (context) => {
  const { replicas, server, mock } = await setUp(
    context,
    '{ perKey: { costPerDay: "1 USD", requestsPerMinute: 1000 } }',
    { tokenMs: 2, timeout: "1s", whenDown: "local" },
  );
  const some = (calls: number) =>
    count(Array.from({ length: calls }, () => replicas.ask("/v1/chat/completions", ASK)));
  await some(30);
  const before = (await settled(replicas, "costPerDay")).used;
  const [during] = await Promise.all([some(90), Promise.resolve(server.sleep())]);
  onTestFinished(() => server.wake());
  expect(Object.fromEntries(during)).toEqual({ 200: 90 });
  expect(Object.fromEntries(await some(30))).toEqual({ 200: 30 });
  server.wake();
  const isTold = ({ used, reserved }: { used: number; reserved: number }) =>
    used === mock.finished() * COST && reserved === 0;
  expect(before).toBe(30 * COST);
  await eventually(() => standing(replicas, "costPerDay"), isTold);
  // What replicas say again every few seconds must not count again.
  await some(3);
  await eventually(() => standing(replicas, "costPerDay"), isTold);
});
