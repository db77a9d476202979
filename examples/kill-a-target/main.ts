/**
 * vLLM, TGI, OpenAI and Anthropic behind one name, under load: one stalls, one is killed, one is drained.
 * The clients notice nothing: every call ends with its whole answer.
 */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { startDouble } from "../doubles.ts";
import { type Caller, at, createCaller, show, step, until } from "../lab.ts";
import { startExampleServer } from "../server.ts";

const ANSWER =
  "A weir stands in a river and holds the flow and measures it and lets it go on to where there is room and nobody below has to know which way the water came today";
const STREAMS = 10;
const WHOLES = 2;

process.env["OPENAI_API_KEY"] = "sk-lab";
process.env["ANTHROPIC_API_KEY"] = "sk-ant-lab";
const pace = ["--reply", ANSWER, "--first-ms", "20", "--token-ms", "10"];
const [vllm, tgi, openai, anthropic] = await Promise.all([
  startDouble("--as", "vllm", ...pace),
  startDouble("--as", "tgi", ...pace),
  startDouble("--as", "openai", "--key-env", "OPENAI_API_KEY", ...pace),
  startDouble("--as", "anthropic", "--key-env", "ANTHROPIC_API_KEY", ...pace),
]);

const CONFIG = `
models:
  chat:
    routing:
      continue: true
      breaker: { pause: 300ms, longestPause: 1s }
    targets:
      - { provider: vllm, url: "${vllm.url}", model: mock, weight: 2, stall: 2s, firstContent: 2s, answer: 3s }
      - { provider: tgi, url: "${tgi.url}", model: mock, stall: 2s, firstContent: 2s, answer: 3s }
      - { provider: openai, url: "${openai.url}/v1", model: gpt-5-mini, fallback: true }
      - { provider: anthropic, url: "${anthropic.url}", model: claude-sonnet-4-5, fallback: true }
`;
/** As the dashboard names them: from the second on with their place. */
const VLLM = "vllm/mock";
const TGI = "tgi/mock#2";
const CLOUD = ["openai/gpt-5-mini#3", "anthropic/claude-sonnet-4-5#4"] as const;

/** Calls that did not end with the whole answer, and why. */
const lost: string[] = [];
let answered = 0;
const over = new AbortController();
/** The number of each call that runs now: who looks at it can wait until those are through. */
const running = new Set<number>();
let lastCall = 0;

{
  await using weir = await startExampleServer(CONFIG);
  const api = createCaller(weir);
  const client = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: weir.key, maxRetries: 0 });

  const ask = (): OpenAI.ChatCompletionMessageParam[] => [
    { role: "user", content: `What does a weir do? (${lastCall})` },
  ];
  const streamed = async (): Promise<string> => {
    const stream = await client.chat.completions.create({
      model: "chat",
      messages: ask(),
      stream: true,
    });
    let text = "";
    let end: string | null = null;
    for await (const { choices } of stream) {
      text += choices[0]?.delta.content ?? "";
      end = choices[0]?.finish_reason ?? end;
    }
    return end === "stop" ? text : `ended with ${end}: ${text}`;
  };
  const whole = async (): Promise<string> => {
    const { choices } = await client.chat.completions.create({ model: "chat", messages: ask() });
    return choices[0]?.message.content ?? "";
  };
  const worker = async (call: () => Promise<string>): Promise<void> => {
    while (!over.signal.aborted) {
      const number = (lastCall += 1);
      running.add(number);
      const text = await call().catch((error: unknown) => `failed: ${String(error)}`);
      running.delete(number);
      answered += 1;
      if (text.trim() !== ANSWER) lost.push(`call ${number}: ${text}`);
    }
  };
  const figures = async (id: string) => {
    const { json } = await api.get("/admin/v1/models");
    const targets = at(json, "models", 0, "targets") as { id: string; routing: Figures }[];
    const found = targets.find((target) => target.id === id);
    assert(found, `no target ${id} in ${JSON.stringify(targets.map((one) => one.id))}`);
    return found.routing;
  };
  /** All that run now are through. */
  const throughNow = async (): Promise<void> => {
    const before = [...running];
    await until("the calls of before are through", () => before.every((one) => !running.has(one)));
  };
  const busy = (id: string, calls = 4) =>
    until(`${id} has ${calls} calls`, async () => (await figures(id)).inFlight >= calls);
  const tell = async (): Promise<void> => {
    console.log(`${answered} calls answered, ${lost.length} lost`);
    for (const id of [VLLM, TGI, ...CLOUD]) {
      const { breaker, isDrained, attempts, failures } = await figures(id);
      const state = isDrained ? "drained" : breaker;
      console.log(
        `  ${id.padEnd(30)} ${String(attempts).padStart(5)} attempts ${String(failures).padStart(4)} failed  ${state}`,
      );
    }
  };
  const steer = (action: "drain" | "enable", target: string) =>
    api.post("/admin/v1/targets/actions", { model: "chat", target, action });

  step(`${STREAMS} streams and ${WHOLES} whole answers at a time, over vLLM and TGI`);
  const load = [
    ...Array.from({ length: STREAMS }, () => worker(streamed)),
    ...Array.from({ length: WHOLES }, () => worker(whole)),
  ];
  await until("60 calls are answered", () => answered >= 60);
  await tell();

  step("TGI stalls: it keeps its connections and says nothing more");
  await busy(TGI, 3);
  tgi.stall();
  await until("its breaker opens", async () => (await figures(TGI)).breaker !== "closed");
  await throughNow();
  await tell();

  step("TGI is back: one call probes, then it has its share again");
  tgi.goOn();
  await until("its breaker closes", async () => (await figures(TGI)).breaker === "closed");
  await throughNow();
  await tell();

  step("vLLM is killed (kill -9) in the middle of its streams");
  await busy(VLLM);
  await vllm.kill();
  await until("its breaker opens", async () => (await figures(VLLM)).breaker !== "closed");
  await throughNow();
  await tell();

  step("TGI is drained: what runs there ends there, new calls go to the two clouds");
  await steer("drain", TGI);
  await until("the clouds answer", async () => {
    const all = await Promise.all(CLOUD.map(figures));
    return all.every(({ attempts }) => attempts >= 10);
  });
  await throughNow();
  const message = await api.post(
    "/v1/messages",
    { model: "chat", max_tokens: 200, messages: [{ role: "user", content: "And in your words?" }] },
    { "anthropic-version": "2023-06-01" },
  );
  show("a client of Anthropic's protocol got", at(message.json, "content", 0, "text"));
  assert.equal(String(at(message.json, "content", 0, "text")).trim(), ANSWER);
  await tell();

  step("TGI is enabled again");
  await steer("enable", TGI);
  await busy(TGI);
  over.abort();
  await Promise.all(load);
  await tell();

  step("What it came to");
  const reasons = await reasonsOf(api);
  console.log(`${answered + 1} calls, ${lost.length} lost`);
  console.log(`begun again elsewhere           ${reasons.get("failover") ?? 0}`);
  console.log(`gone on elsewhere in mid-stream ${reasons.get("continuation") ?? 0}`);
  for (const one of lost) show("lost", one);
  assert.equal(lost.length, 0);
  assert((reasons.get("continuation") ?? 0) > 0, "no stream was in its middle");
  assert((await figures(VLLM)).failures >= 3, "vLLM was killed under nobody");
  assert((await figures(TGI)).failures >= 3, "TGI stalled under nobody");
}

/** Why attempts beyond the first were made, over all calls: it stands in their traces. */
async function reasonsOf(api: Caller): Promise<Map<unknown, number>> {
  const reasons = new Map<unknown, number>();
  for (let cursor = ""; ;) {
    const { json } = await api.get(`/admin/v1/calls?limit=500${cursor}`);
    const calls = at(json, "calls") as { id: string; attempts: number }[];
    for (const { id } of calls.filter(({ attempts }) => attempts > 1)) {
      const call = await api.get(`/admin/v1/calls/${id}`);
      for (const span of at(call.json, "spans") as object[]) {
        const reason = at(span, "attributes", "reason");
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    }
    const next = at(json, "next");
    if (typeof next !== "string") return reasons;
    cursor = `&cursor=${next}`;
  }
}

await Promise.all([tgi, openai, anthropic].map((double) => double.kill()));

interface Figures {
  readonly breaker: string;
  readonly isDrained: boolean;
  readonly inFlight: number;
  readonly attempts: number;
  readonly failures: number;
}
