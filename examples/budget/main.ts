/** Limits and budgets: what is refused, by which rule, and a budget that two hundred parallel calls do not overspend. */
import assert from "node:assert/strict";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { type Answer, at, createCaller, show, step, until } from "../lab.ts";
import { startExampleServer } from "../server.ts";

const TOKENS = 20;
const upstream = await createMockUpstream({ tokens: TOKENS, tokenMs: 2 });
const target = (price: string) =>
  `{ targets: [{ provider: openai-compatible, url: "${upstream.url}", model: mock${price} }] }`;

/** Two dollars for a million tokens out, 0.10 for a million in. */
const CONFIG = `
models:
  chat: ${target(", price: { input: 0.10 USD, output: 2 USD }")}
  unpriced: ${target("")}
limits:
  assumedOutputTokens: 500
  unpriced: refuse
  perUser: { requestsPerMinute: 3 }
  rules:
    - { name: team-budget, match: { key: team-* }, by: [tenant], costPerDay: 0.002 USD }
    - { name: notice, match: { key: soft }, requestsPerMinute: 1, mode: soft }
    - { name: trial, match: { key: soft }, requestsPerMinute: 1, mode: shadow }
`;
const ask = (more: object = {}) => ({
  model: "chat",
  max_tokens: TOKENS,
  messages: [{ role: "user", content: "Hi" }],
  ...more,
});
const told = (answer: Answer, ...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, answer.headers.get(name)]));

{
  await using weir = await startExampleServer(CONFIG);
  const admin = createCaller(weir);
  const callerFor = async (name: string) => {
    const { json } = await admin.post("/admin/v1/keys", { name, scopes: ["inference"] });
    return createCaller({ url: weir.url, key: String(at(json, "key")) });
  };
  const limitOf = async (limit: string) => {
    const { json } = await admin.get("/admin/v1/limits");
    const rows = at(json, "limits") as { limit: string; used: number; reserved: number }[];
    return rows.find((row) => row.limit === limit) ?? { used: 0, reserved: 0 };
  };
  const chat = "/v1/chat/completions";

  step("A limit of each user: the fourth call within a minute is told when to come back");
  const app = await callerFor("app");
  const answers = [];
  for (let call = 0; call < 4; call++) answers.push(await app.post(chat, ask({ user: "ann" })));
  const [first, , , fourth] = answers;
  assert(first && fourth);
  show("first", told(first, "ratelimit-policy", "ratelimit", "x-ratelimit-remaining-requests"));
  show(`fourth: HTTP ${fourth.status}`, at(fourth.json, "error", "message"));
  show("fourth", told(fourth, "retry-after", "ratelimit"));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 429],
  );
  assert.equal((await app.post(chat, ask({ user: "bob" }))).status, 200);

  step("A soft rule lets pass and says so; a shadow rule only counts");
  const soft = await callerFor("soft");
  await soft.post(chat, ask());
  const beyond = await soft.post(chat, ask());
  show(`HTTP ${beyond.status}`, told(beyond, "x-weir-limit-exceeded"));
  assert.equal(beyond.headers.get("x-weir-limit-exceeded"), "notice.requestsPerMinute");
  const metrics = await admin.get("/metrics");
  const [line = ""] = /^weir_limit_shadow_refusals_total\{.*trial.*$/m.exec(metrics.text) ?? [];
  show("metrics", line);
  assert.match(line, / 1$/);

  step("A call without max_tokens has no highest cost; where a budget applies it is given one");
  const team = await callerFor("team-a");
  const open = await team.post(chat, ask({ max_tokens: undefined }));
  show(`HTTP ${open.status}`, told(open, "x-weir-max-tokens"));
  assert.equal(open.headers.get("x-weir-max-tokens"), "500");
  assert.equal(upstream.requests.at(-1)?.max_tokens, 500);
  const dear = await team.post(chat, ask({ max_tokens: 100_000 }));
  show(`HTTP ${dear.status}`, at(dear.json, "error", "message"));
  assert.equal(at(dear.json, "error", "code"), "budget_exceeded");
  const blind = await team.post(chat, ask({ model: "unpriced" }));
  show(`HTTP ${blind.status}`, at(blind.json, "error", "message"));
  assert.equal(blind.status, 429);

  step("Two hundred calls at once, with a budget for fewer");
  const made = upstream.finished();
  const before = (await limitOf("costPerDay")).used;
  const parallel = await Promise.all(Array.from({ length: 200 }, () => team.post(chat, ask())));
  await until("nothing is reserved", async () => (await limitOf("costPerDay")).reserved === 0);
  const { used } = await limitOf("costPerDay");
  const passed = parallel.filter(({ status }) => status === 200).length;
  const refused = parallel.filter(({ status }) => status === 429).length;
  console.log(`${passed} passed, ${refused} refused`);
  console.log(`spent ${used} of 2000000 nano-dollars`);
  assert.equal(passed + refused, 200);
  assert(refused > 0 && used <= 2_000_000, "the budget was overspent");

  step("What the upstream made is what was counted, to the nano-dollar");
  const traced = async () => {
    const { json } = await admin.get("/admin/v1/calls?key=team-a&limit=500");
    const calls = at(json, "calls") as { costNanos: number }[];
    return calls.reduce((sum, { costNanos }) => sum + costNanos, 0);
  };
  await until("all calls are recorded", async () => (await traced()) === used);
  show("by the ledger", used);
  show("by the traces", await traced());
  show("answers by the upstream", upstream.finished() - made);
  assert.equal(upstream.finished() - made, passed);
  assert(used > before);
}
await upstream.close();
