/** Answers given again: the same call, fifty at once, a stream, nearly the same question; and what is never shared. */
import assert from "node:assert/strict";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { type Answer, at, createCaller, show, step } from "../lab.ts";
import { startExampleServer } from "../server.ts";

const upstream = await createMockUpstream({ kind: "vllm", firstMs: 50, tokenMs: 2 });
const target = `targets: [{ provider: vllm, url: "${upstream.url}", model: mock, price: { input: 1 USD, output: 2 USD } }]`;
const CONFIG = `
models:
  chat: { cache: { ttl: 10m }, ${target} }
  faq: { cache: { ttl: 10m, semantic: { threshold: 0.97 } }, ${target} }
  plain: { ${target} }
`;
const ask = (content: string, more: object = {}) => ({
  model: "chat",
  messages: [{ role: "user", content }],
  ...more,
});
const cacheOf = ({ headers }: Answer) => headers.get("x-weir-cache");
const chat = "/v1/chat/completions";

{
  await using weir = await startExampleServer(CONFIG);
  const api = createCaller(weir);

  step("The same call again costs nothing");
  const first = await api.post(chat, ask("What is a weir?"));
  const again = await api.post(chat, ask("What is a weir?"));
  show("first", cacheOf(first));
  show("again", [cacheOf(again), `age ${again.headers.get("age")}`]);
  assert.deepEqual([cacheOf(first), cacheOf(again)], ["miss", "hit"]);
  assert.equal(again.text, first.text);
  const asStream = await api.post(chat, ask("What is a weir?", { stream: true }));
  show("as a stream", asStream.text.split("\n\n")[0]);
  assert.equal(cacheOf(asStream), "hit");
  assert.match(asStream.text, /data: \[DONE\]/);

  step("Fifty at once are one at the upstream");
  const before = upstream.requests.length;
  const fifty = await Promise.all(
    Array.from({ length: 50 }, () => api.post(chat, ask("And a dam?"))),
  );
  const kinds = Map.groupBy(fifty, (answer) => cacheOf(answer));
  show(
    "x-weir-cache",
    Object.fromEntries(Array.from(kinds, ([kind, { length }]) => [kind, length])),
  );
  assert.equal(upstream.requests.length - before, 1);

  step("A call may go without, or have its answer made anew");
  const off = await api.post(chat, ask("What is a weir?"), { "x-weir-cache": "off" });
  const fresh = await api.post(chat, ask("What is a weir?"), { "x-weir-cache": "refresh" });
  show("off, refresh", [cacheOf(off), cacheOf(fresh)]);
  assert.deepEqual([cacheOf(off), cacheOf(fresh)], [null, "miss"]);

  step("Another tenant never gets it");
  await api.post("/admin/v1/tenants", { id: "other", name: "Other" });
  const made = await api.post("/admin/v1/keys", { name: "theirs", tenant: "other" });
  const other = createCaller({ url: weir.url, key: String(at(made.json, "key")) });
  const theirs = await other.post(chat, ask("What is a weir?"));
  show("the same question", cacheOf(theirs));
  assert.equal(cacheOf(theirs), "miss");

  step("Nearly the same question, where the model says so");
  const faq = (content: string) => api.post(chat, ask(content, { model: "faq" }));
  await faq("How do I install Docker on Ubuntu?");
  const asked = [
    "how do I install docker on ubuntu",
    "How do I install Docker on Debian?",
    "How do I uninstall Docker on Ubuntu?",
    "How do I install Docker 27 on Ubuntu?",
    "Steps for getting Docker onto an Ubuntu machine",
  ];
  const looks: (string | null)[] = [];
  for (const content of asked) {
    const answer = await faq(content);
    looks.push(cacheOf(answer));
    const likeness = answer.headers.get("x-weir-cache-likeness") ?? "";
    console.log(`${String(cacheOf(answer)).padEnd(8)} ${content} ${likeness}`);
  }
  assert.deepEqual(looks, ["similar", "miss", "miss", "miss", "miss"]);

  step("A line that differs in each request stays out of the prompt, so the engine's cache works");
  const agent = (nonce: string) =>
    api.post(
      "/v1/messages",
      {
        model: "plain",
        max_tokens: 10,
        system: `x-anthropic-billing-header: cc_version=1; cch=${nonce};\nYou write code.`,
        messages: [{ role: "user", content: "Hi" }],
      },
      { "anthropic-version": "2023-06-01" },
    );
  await agent("1f3a");
  await agent("77b0");
  const prompts = upstream.requests.slice(-2).map(({ messages }) => at(messages, 0, "content"));
  show("the engine read", prompts);
  assert.deepEqual(prompts, ["You write code.", "You write code."]);
}
await upstream.close();
