import { type TestContext, expect, it, onTestFinished } from "vitest";
import { type MockOptions, createMockUpstream } from "../src/cli/mock/upstream.ts";
import type { CreatedKey } from "../src/http/access-schemas.ts";
import type { ModelList } from "../src/http/admin-schemas.ts";
import type { LimitList } from "../src/http/limit-schemas.ts";
import { needsPostgres, startPostgres } from "./support/postgres.ts";
import { freePort, startRedis } from "./support/redis.ts";
import { type Replica, startReplicas } from "./support/replicas.ts";
import { ADMIN_KEY, eventually } from "./support/server.ts";

/** Three replicas behind nginx with one Redis and one PostgreSQL: one Weir, of which a part may go. */

const TOKENS = 16;
const HI = { model: "chat", max_tokens: TOKENS, messages: [{ role: "user", content: "Hi" }] };
const UP = "openai-compatible/up";
/** At 0.1 and 2 dollars a million tokens, of which the mock counts 8 for this prompt. */
const COST = 8 * 100 + TOKENS * 2000;

interface Options {
  readonly mock?: Partial<MockOptions>;
  readonly yaml?: string;
  readonly model?: string;
  readonly args?: readonly string[];
}

async function setUp(
  context: TestContext,
  { mock: mocked = {}, yaml = "", model = "", args = [] }: Options = {},
) {
  needsPostgres(context);
  const postgres = await startPostgres();
  if (!postgres) throw new Error("unreachable");
  onTestFinished(() => postgres.stop());
  const redis = await startRedis(context);
  const mock = await createMockUpstream({ tokens: TOKENS, ...mocked });
  onTestFinished(() => mock.close());
  const target = (url: string) =>
    `{ provider: openai-compatible, url: "${url}", model: up, price: { input: 0.1 USD, output: 2 USD } }`;
  const brokenPort = await freePort();
  const replicas = await startReplicas(
    context,
    3,
    `models:
  chat: { targets: [${target(mock.url)}]${model} }
  broken:
    targets: [${target(`http://127.0.0.1:${brokenPort}`)}]
    routing: { breaker: { failures: 1, pause: 10m, longestPause: 10m } }
redis: { url: "${redis.url}", timeout: 1s, whenDown: local }
postgres: { urlEnv: PG, refresh: 200ms }
${yaml}
`,
    { env: { PG: await postgres.database() }, args, retriesElsewhere: true },
  );
  return { ...replicas, redis, postgres, mock, brokenPort };
}

type Asking = { readonly key?: string; readonly method?: string };

/** One replica, or nginx: each time by a connection of its own. */
function ask(
  { url }: Pick<Replica, "url">,
  path: string,
  body?: unknown,
  { key = ADMIN_KEY, method = body === undefined ? "GET" : "POST" }: Asking = {},
): Promise<Response> {
  return fetch(new URL(path, url), {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      connection: "close",
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function status(...asked: Parameters<typeof ask>): Promise<number> {
  const answer = await ask(...asked);
  await answer.text();
  return answer.status;
}

const CHAT = "/v1/chat/completions";

async function routing(replica: Pick<Replica, "url">, model: string) {
  const { models } = (await (await ask(replica, "/admin/v1/models")).json()) as ModelList;
  return models.find(({ name }) => name === model)?.targets[0]?.routing;
}

const act = (replica: Replica, action: string) =>
  status(replica, "/admin/v1/targets/actions", { model: "chat", target: UP, action });

const newKey = async (replica: Replica, more: object = {}): Promise<CreatedKey> =>
  (await (
    await ask(replica, "/admin/v1/keys", { name: "app", scopes: ["inference"], ...more })
  ).json()) as CreatedKey;

/** Until every one of them gives `wanted`. */
const everywhere = <T>(
  replicas: readonly Replica[],
  look: (one: Replica) => Promise<T>,
  wanted: T,
) =>
  eventually(
    () => Promise.all(replicas.map(look)),
    (all) => all.every((one) => one === wanted),
  );

/** Calls one behind the other from so many clients, until it is told to stop. Gives what went wrong. */
function load(replicas: Pick<Replica, "url">, clients: number, body: object = HI, path = CHAT) {
  const state = { isOver: false, answered: 0 };
  const wrong: string[] = [];
  const all = Array.from({ length: clients }, async () => {
    while (!state.isOver) {
      try {
        const answer = await ask(replicas, path, body);
        const text = await answer.text();
        const isWhole = /\[DONE\]|"finish_reason":"|"status":"completed"/.test(text);
        if (answer.status === 200 && isWhole) state.answered += 1;
        else wrong.push(`${answer.status} ${text.slice(-200)}`);
      } catch (cause) {
        wrong.push(String(cause));
      }
    }
  });
  return {
    more: (calls: number) => {
      const goal = state.answered + calls;
      return eventually(
        () => Promise.resolve(state.answered),
        (count) => count >= goal || wrong.length > 0,
      );
    },
    async stop(): Promise<{ answered: number; wrong: readonly string[] }> {
      state.isOver = true;
      await Promise.all(all);
      return { answered: state.answered, wrong };
    },
  };
}

it("is one Weir for keys, limits and answers", async (context) => {
  const weir = await setUp(context, { model: ", cache: { ttl: 5m }" });
  const [first, , third] = weir.each as [Replica, Replica, Replica];
  const { key, id } = await newKey(first, { limits: { requestsPerMinute: 25 } });
  await everywhere(weir.each, (one) => status(one, "/v1/models", undefined, { key }), 200);
  const answers = await Promise.all(
    Array.from({ length: 75 }, () => status(weir, CHAT, HI, { key })),
  );
  expect(answers.filter((one) => one === 200)).toHaveLength(25);
  expect(answers.filter((one) => one === 429)).toHaveLength(50);
  // Single-flight is each replica's own: no more than one call of each went upstream.
  expect(weir.mock.requests.length).toBeLessThanOrEqual(3);
  const asked = weir.mock.requests.length;
  for (const one of weir.each) expect(await status(one, CHAT, HI)).toBe(200);
  expect(weir.mock.requests.length - asked).toBeLessThanOrEqual(1);
  expect(await status(third, `/admin/v1/keys/${id}`, undefined, { method: "DELETE" })).toBe(204);
  await everywhere(weir.each, (one) => status(one, "/v1/models", undefined, { key }), 401);
});

/** Three replicas of three processes each take their time to start. */
const PATIENCE = { timeout: 90_000 };

/** The same is true of replicas that are several processes each. */
const PROCESSES: [string, readonly string[]][] = [
  ["one process", []],
  ["two workers", ["--workers", "2"]],
];

it.for(PROCESSES)(
  "drains a target everywhere, also where a replica starts later: %s",
  PATIENCE,
  async ([, args], context) => {
    const weir = await setUp(context, { args });
    const [first, second] = weir.each as [Replica, Replica];
    expect(await act(first, "drain")).toBe(200);
    await everywhere(weir.each, (one) => status(one, CHAT, HI), 503);
    const late = await weir.another();
    expect(await status(late, CHAT, HI)).toBe(503);
    // Redis comes back with nothing: whoever knows says it again.
    await weir.redis.stop();
    expect(await status(second, CHAT, HI)).toBe(503);
    await weir.redis.start();
    const later = await eventually(
      () => Promise.resolve(weir.redis.ask("HLEN", "{weir}:targets:decisions")),
      (count) => count === "1",
    );
    expect(later).toBe("1");
    expect(await act(second, "enable")).toBe(200);
    await everywhere([...weir.each, late], (one) => status(one, CHAT, HI), 200);
  },
);

it.for(PROCESSES)(
  "spares a target that another replica saw break, until it works there: %s",
  PATIENCE,
  async ([, args], context) => {
    const weir = await setUp(context, { args });
    const [first, second] = weir.each as [Replica, Replica];
    expect(await status(first, CHAT, { ...HI, model: "broken" })).toBeGreaterThanOrEqual(500);
    // Half-open once a first pause is over, and so until a call comes.
    const isSpared = async (one: Replica) => (await routing(one, "broken"))?.breaker !== "closed";
    await everywhere(weir.each, isSpared, true);
    expect((await routing(second, "broken"))?.attempts).toBe(0);
    const late = await weir.another();
    await everywhere([late], isSpared, true);
    const mock = await createMockUpstream({ port: weir.brokenPort });
    onTestFinished(() => mock.close());
    await ask(first, "/admin/v1/targets/test", { model: "broken", target: UP });
    await everywhere([...weir.each, late], isSpared, false);
  },
);

it("loses only what ran in a replica that is killed", PATIENCE, async (context) => {
  // Streams of so many seconds that the first still runs when the last has begun.
  const weir = await setUp(context, { mock: { tokens: 400, tokenMs: 20 } });
  const [victim] = weir.each as [Replica];
  const streams = await Promise.all(
    Array.from({ length: 12 }, () => ask(weir, CHAT, { ...HI, max_tokens: 400, stream: true })),
  );
  const running = (await routing(victim, "chat"))?.inFlight ?? 0;
  expect(running).toBeGreaterThan(0);
  const texts = streams.map((answer) => answer.text().catch(() => "cut"));
  victim.child.kill("SIGKILL");
  await victim.ended;
  // What comes now finds the others, and is answered.
  const others = await Promise.all(Array.from({ length: 9 }, () => status(weir, CHAT, HI)));
  expect(new Set(others)).toEqual(new Set([200]));
  const whole = (await Promise.all(texts)).filter((text) => text.includes("[DONE]"));
  expect(whole).toHaveLength(12 - running);
});

it.for(PROCESSES)(
  "loses no call when a replica is told to end under load: %s",
  PATIENCE,
  async ([, args], context) => {
    const weir = await setUp(context, {
      args,
      mock: { tokens: 30, tokenMs: 10 },
      yaml: "server: { drainDelay: 500ms }",
    });
    const [leaving] = weir.each as [Replica];
    const streams = load(weir, 8, { ...HI, stream: true });
    const whole = load(weir, 4);
    // With workers it is their primary that answers these.
    const remembered = load(weir, 4, { model: "chat", input: "Hi" }, "/v1/responses");
    const more = (calls: number) =>
      Promise.all([streams, whole, remembered].map((one) => one.more(calls)));
    await more(15);
    leaving.child.kill("SIGTERM");
    expect(await leaving.ended).toBe(0);
    await more(20);
    for (const one of [streams, whole, remembered]) expect((await one.stop()).wrong).toEqual([]);
    expect(weir.mock.aborted()).toBe(0);
  },
);

it("goes on while Redis and PostgreSQL are away, and charges each call once", async (context) => {
  const weir = await setUp(context, {
    mock: { tokenMs: 2 },
    yaml: 'limits: { perKey: { costPerDay: "9 USD" } }',
  });
  const { key } = await newKey(weir.each[0] as Replica);
  await everywhere(weir.each, (one) => status(one, "/v1/models", undefined, { key }), 200);
  const calls = load(weir, 8);
  await calls.more(30);
  weir.redis.sleep();
  onTestFinished(() => weir.redis.wake());
  await weir.postgres.kill();
  await calls.more(100);
  expect(await status(weir, "/v1/models", undefined, { key })).toBe(200);
  expect(await status(weir, "/admin/v1/keys", { name: "now" })).toBe(503);
  await weir.postgres.start();
  weir.redis.wake();
  await calls.more(60);
  const { answered, wrong } = await calls.stop();
  expect(wrong).toEqual([]);
  const spent = async () => {
    const { limits } = (await (await ask(weir, "/admin/v1/limits")).json()) as LimitList;
    const row = limits.find((one) => one.limit === "costPerDay");
    return { used: row?.used, reserved: row?.reserved };
  };
  const exact = { used: answered * COST, reserved: 0 };
  expect(
    await eventually(
      () => spent(),
      (found) => found.used === exact.used && found.reserved === 0,
    ),
  ).toEqual(exact);
  await eventually(
    async () => (await ask(weir, "/admin/v1/keys", { name: "later" })).status,
    (code) => code === 201,
  );
});
