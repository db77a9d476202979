/** Three replicas behind nginx with one Redis: one limit, one cache, one word to all; restarts and reloads that nobody notices. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { at, createCaller, show, step, until } from "../lab.ts";
import { missingPrograms, startNginx, startRedis, startReplica } from "./servers.ts";

const missing = missingPrograms();
if (missing.length > 0) {
  console.log(`skipped: needs Debian's ${missing.join(" and ")}`);
  // In CI they were to be installed.
  process.exit(process.env["CI"] === "true" ? 1 : 0);
}

const KEY = "wk-example";
const WORKERS = 8;
const REPLY = "Held back here and let go there, and nothing was lost on the way.";
const pace = { reply: REPLY, firstMs: 10, tokenMs: 10 };
const [upstream, successor] = await Promise.all([
  createMockUpstream({ kind: "vllm", ...pace }),
  createMockUpstream({ kind: "vllm", ...pace }),
]);
const redis = await startRedis();
const configFor = (url: string) => `
server: { drainDelay: 500ms, trustedProxies: [127.0.0.1] }
redis: { url: "${redis}", timeout: 2s }
models:
  chat: { targets: [{ provider: vllm, url: "${url}", model: mock }] }
  limited: { targets: [{ provider: vllm, url: "${url}", model: mock }] }
  cached: { cache: { ttl: 10m }, targets: [{ provider: vllm, url: "${url}", model: mock }] }
limits:
  rules: [{ name: fifty, match: { model: limited }, requestsPerMinute: 50 }]
`;
const replicas = await Promise.all(
  ["a", "b", "c"].map((name) => startReplica(name, configFor(upstream.url), KEY)),
);
const url = await startNginx(replicas);
const api = createCaller({ url, key: KEY });
const ask = (more: object) => ({ messages: [{ role: "user", content: "Hi" }], ...more });
const chat = "/v1/chat/completions";

step("One limit: 150 calls over three replicas, 50 a minute");
const answers = await Promise.all(
  Array.from({ length: 150 }, () => api.post(chat, ask({ model: "limited" }))),
);
const passed = answers.filter(({ status }) => status === 200).length;
const refused = answers.filter(({ status }) => status === 429).length;
console.log(`${passed} passed, ${refused} refused`);
assert.deepEqual([passed, refused], [50, 100]);

step("One cache: what one replica was told, all know");
const before = upstream.requests.length;
const looks = [];
for (let call = 0; call < 6; call++) {
  const answer = await api.post(chat, ask({ model: "cached" }));
  looks.push(answer.headers.get("x-weir-cache"));
}
show("x-weir-cache", looks);
assert.deepEqual(looks, ["miss", "hit", "hit", "hit", "hit", "hit"]);
assert.equal(upstream.requests.length - before, 1);

step("One word to one replica: the target is drained at all");
const [first] = replicas;
assert(first);
const steer = (action: "drain" | "enable") =>
  createCaller({ url: first.url, key: KEY }).post("/admin/v1/targets/actions", {
    model: "chat",
    target: "vllm/mock",
    action,
  });
const drained = () =>
  Promise.all(
    replicas.map(async (replica) => {
      const { json } = await createCaller({ url: replica.url, key: KEY }).get("/admin/v1/models");
      const models = at(json, "models") as { name: string }[];
      const model = models.find(({ name }) => name === "chat");
      return at(model, "targets", 0, "routing", "isDrained") === true;
    }),
  );
await steer("drain");
await until("all know", async () => (await drained()).every((is) => is));
show("drained", await drained());
await steer("enable");
await until("all know", async () => !(await drained()).some((is) => is));

const over = new AbortController();
const lost: string[] = [];
let answered = 0;
const load = Array.from({ length: WORKERS }, async (_, worker) => {
  const stream = worker % 2 === 0;
  while (!over.signal.aborted) {
    const { status, text } = await api
      .post(chat, ask({ model: "chat", stream }))
      .catch((error: unknown) => ({ status: 0, text: String(error) }));
    answered += 1;
    const isWhole = stream ? /data: \[DONE\]/.test(text) : text.includes(REPLY);
    if (status !== 200 || !isWhole) lost.push(`HTTP ${status}: ${text}`);
  }
});
const more = async (calls: number) => {
  const goal = answered + calls;
  await until(`${calls} more calls`, () => answered >= goal);
};

step(`Each replica is restarted, under ${WORKERS} calls at a time`);
await more(50);
for (const [place, replica] of replicas.entries()) {
  const code = await replica.stop();
  await more(20);
  await replica.start();
  await more(20);
  console.log(`replica ${place + 1} ended with ${code} and is back; ${lost.length} calls lost`);
  assert.equal(code, 0);
}

step("The configuration changes under load: another upstream");
for (const { configFile } of replicas) writeFileSync(configFile, configFor(successor.url));
await until("the new upstream is asked by all", async () => {
  const asked = upstream.requests.length;
  await more(30);
  return upstream.requests.length === asked;
});
over.abort();
await Promise.all(load);
console.log(`${answered} calls, ${lost.length} lost`);
for (const one of lost) show("lost", one);
assert.equal(lost.length, 0);
assert(successor.requests.length >= 30);

for (const replica of replicas) await replica.stop();
await Promise.all([upstream.close(), successor.close()]);
process.exit(0);
