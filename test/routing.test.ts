import { describe, expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { type TestServer, eventually, startServer } from "./support/server.ts";

async function upstream(options = {}) {
  const mock = await createMockUpstream({ tokens: 4, ...options });
  onTestFinished(() => mock.close());
  return mock;
}

const target = (url: string, more = "", kind = "openai-compatible") =>
  `{ provider: ${kind}, url: "${url}", model: up${more} }`;

const model = (targets: readonly string[], routing = "{}", more = "") =>
  `models: { chat: { routing: ${routing}, targets: [${targets.join(", ")}]${more} } }`;

const chat = (content = "Hi", more = {}) => ({
  model: "chat",
  messages: [{ role: "user", content }],
  ...more,
});

const ask = (server: TestServer, body: object = chat(), headers = {}) =>
  server.call("/v1/chat/completions", body, { headers });

interface Row {
  readonly id: string;
  readonly target: string | null;
  readonly route: string;
  readonly attempts: number;
  readonly status: string;
}

const calls = async (server: TestServer) =>
  ((await (await server.call("/admin/v1/calls")).json()) as { calls: Row[] }).calls;

interface Routing {
  readonly breaker: string;
  readonly inFlight: number;
  readonly isDrained: boolean;
  readonly attempts: number;
}

async function routingOf(server: TestServer, place = 0): Promise<Routing> {
  const { models } = (await (await server.call("/admin/v1/models")).json()) as {
    models: { targets: { routing: Routing }[] }[];
  };
  const found = models[0]?.targets[place]?.routing;
  if (!found) throw new Error("no such target");
  return found;
}

describe("a call's own wishes", () => {
  it("choose a target by its name or its tags", async () => {
    const [eu, us] = [await upstream(), await upstream()];
    const server = await startServer(
      model([target(eu.url, ", tags: [eu]"), target(us.url, ", tags: [us, fast]")]),
    );
    for (let call = 0; call < 3; call++) {
      await ask(server, chat(), { "x-weir-tags": "fast, us" });
      await ask(server, chat(), { "x-weir-target": "openai-compatible/up" });
    }
    expect([eu.requests.length, us.requests.length]).toEqual([3, 3]);
  });

  it.each([
    ["x-weir-tags", "mars", "no target with the tags mars"],
    ["x-weir-target", "nobody", 'no target with the name "nobody"'],
    ["x-weir-priority", "urgent", "takes high, normal, low"],
    ["x-weir-deadline", "soon", "takes a duration"],
    ["x-weir-routing", "dice", "takes least-busy, weighted, latency, cost, prefix"],
    ["x-weir-failover", "on", "takes off"],
  ])("are refused where %s says %s", async (name, value, told) => {
    const server = await startServer(model([target((await upstream()).url)]));
    const answer = await ask(server, chat(), { [name]: value });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(told.replaceAll('"', '\\"'));
  });

  it("can forbid failover", async () => {
    const [broken, sound] = [await upstream({ failRate: 1 }), await upstream()];
    const server = await startServer(
      model([target(broken.url), target(sound.url, ", fallback: true")]),
    );
    expect((await ask(server, chat(), { "x-weir-failover": "off" })).status).toBe(502);
    expect((await ask(server)).status).toBe(200);
  });

  it("keep a session with one of many targets", async () => {
    const mocks = await Promise.all([1, 2, 3].map(() => upstream()));
    const server = await startServer(model(mocks.map(({ url }) => target(url))));
    for (const session of ["a", "b", "c", "d"]) {
      for (let call = 0; call < 4; call++) {
        await ask(server, chat(), { "x-weir-session": session });
      }
    }
    for (const { requests } of mocks) expect(requests.length % 4).toBe(0);
  });
});

it("sends conversations to where their start was seen", async () => {
  const mocks = await Promise.all([1, 2].map(() => upstream({ kind: "vllm" })));
  const server = await startServer(
    model(
      mocks.map(({ url }) => target(url, "", "vllm").replace("model: up", "model: mock")),
      "{ strategy: prefix }",
    ),
  );
  const system = (name: string) => `You are ${name}. ${"Follow the rules. ".repeat(60)}`;
  for (let turn = 0; turn < 6; turn++) {
    for (const name of ["Ann", "Bob"]) {
      const messages = [
        { role: "system", content: system(name) },
        { role: "user", content: `turn ${turn}` },
      ];
      await ask(server, { model: "chat", messages });
    }
  }
  const names = mocks.map(({ requests }) => {
    const told = requests.map(({ messages }) => JSON.stringify(messages).slice(0, 60));
    return new Set(told).size;
  });
  expect(mocks.map(({ requests }) => requests.length)).toEqual([6, 6]);
  expect(names).toEqual([1, 1]);
});

it("spares a target that keeps failing, and takes it back when a probe succeeds", async () => {
  const [first, second] = [await upstream(), await upstream()];
  const breaker = "{ breaker: { failures: 2, pause: 500ms } }";
  const failing = target(first.url, ', headers: { x-mock-fault: "503" }');
  const server = await startServer(
    model([failing, target(second.url, ", fallback: true")], breaker),
  );
  for (let call = 0; call < 3; call++) expect((await ask(server)).status).toBe(200);
  expect((await routingOf(server)).breaker).toBe("open");
  expect(first.requests).toHaveLength(2);
  const metrics = await (await server.call("/metrics")).text();
  expect(metrics).toContain(
    'weir_target_breaker_state{model="chat",target="openai-compatible/up"} 2',
  );
  // Half-open, it gets one call to prove itself, fails it, and is left alone for longer.
  await eventually(
    () => routingOf(server),
    ({ breaker: state }) => state === "half-open",
  );
  await ask(server);
  expect((await routingOf(server)).breaker).toBe("open");
  expect(first.requests).toHaveLength(3);
});

it("honours Retry-After: the target rests, and the client is told how long", async () => {
  const limited = await upstream();
  const server = await startServer(
    model([target(limited.url, ', headers: { x-mock-fault: "429" }')]),
  );
  const answers = [await ask(server), await ask(server)];
  expect(answers.map(({ status }) => status)).toEqual([429, 429]);
});

it("takes a target out and in again, by the API and the command line's words", async () => {
  const [first, second] = [await upstream(), await upstream()];
  const server = await startServer(
    model([target(first.url), target(second.url, ", fallback: true")]),
  );
  const act = (action: string) =>
    server.call("/admin/v1/targets/actions", {
      model: "chat",
      target: "openai-compatible/up",
      action,
    });
  expect((await act("drain")).status).toBe(200);
  await ask(server);
  expect([first.requests.length, second.requests.length]).toEqual([0, 1]);
  expect((await routingOf(server)).isDrained).toBe(true);
  await act("enable");
  await ask(server);
  expect(first.requests).toHaveLength(1);
});

describe("a queue", () => {
  it("serves high priorities first, and tenants in turn", async () => {
    const mock = await upstream({ firstMs: 500 });
    const server = await startServer(model([target(mock.url, ", concurrency: 1")]));
    const running = ask(server, chat("first"));
    await expect.poll(() => mock.requests.length).toBe(1);
    const waiting = ["low", "normal"].map((priority) =>
      ask(server, chat(priority), { "x-weir-priority": priority }),
    );
    await eventually(
      () => waitingCalls(server),
      (count) => count === 2,
    );
    await Promise.all([running, ...waiting]);
    const order = mock.requests.map(({ messages }) => JSON.stringify(messages));
    expect(order.map((one) => /first|normal|low/.exec(one)?.[0])).toEqual([
      "first",
      "normal",
      "low",
    ]);
  });

  it("tells a call that waited too long to come again", async () => {
    const mock = await upstream({ firstMs: 400 });
    const server = await startServer(
      model([target(mock.url, ", concurrency: 1")], "{ queue: { wait: 50ms } }"),
    );
    const running = ask(server);
    await expect.poll(() => mock.requests.length).toBe(1);
    const refused = await ask(server);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await refused.text()).toContain("had room within 0.05 s");
    expect((await running).status).toBe(200);
  });

  it("is as long as the embedded engine says, where nothing else answers", async () => {
    const server = await startServer(
      "models: { chat: { targets: [{ provider: llama, file: demo, slots: 1, queue: 2 }] } }",
    );
    await server.ready();
    const body = chat("Hi", { max_tokens: 300, grammar: 'root ::= ("la "){1000}' });
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(server, body)));
    const busy = answers.filter(({ status }) => status === 429);
    expect(busy).toHaveLength(3);
    expect(await busy[0]?.text()).toContain("2 calls already wait for this model");
  });

  it("hands a self-hosted target its prompts as it reads them, and loses none", async () => {
    const mock = await upstream({ kind: "vllm", firstMs: 15 });
    const server = await startServer(
      model([target(mock.url, "", "vllm").replace("model: up", "model: mock")]),
    );
    const prompt = "word ".repeat(800);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(server, chat(prompt, { stream: true }))),
    );
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(texts.every((text) => text.includes("[DONE]"))).toBe(true);
    expect(mock.requests).toHaveLength(20);
    expect(await routingOf(server)).toMatchObject({ inFlight: 0, waitingPromptTokens: 0 });
  });
});

async function waitingCalls(server: TestServer): Promise<number> {
  const { models } = (await (await server.call("/admin/v1/models")).json()) as {
    models: { routing: { waiting: number } }[];
  };
  return models[0]?.routing.waiting ?? -1;
}

it("hedges a call that is late, and gives the faster answer once", async () => {
  const [slow, quick] = [await upstream({ firstMs: 3_000 }), await upstream({ reply: "quick" })];
  const server = await startServer(
    model(
      [target(slow.url), target(quick.url)],
      "{ strategy: cost, hedge: { after: 50ms, budget: 100% } }",
    ).replace("model: up", "model: up, price: { input: 1 USD, output: 1 USD }"),
  );
  const answer = await ask(server, chat("Hi", { stream: true }));
  expect(await answer.text()).toContain("quick");
  await expect.poll(slow.aborted).toBe(1);
  const [row] = await calls(server);
  expect(row).toMatchObject({ attempts: 2, status: "ok" });
  const call = (await (await server.call(`/admin/v1/calls/${row?.id ?? ""}`)).json()) as {
    spans: { kind: string; status: string; attributes: { reason?: string } }[];
  };
  const attempts = call.spans.filter(({ kind }) => kind === "attempt");
  expect(attempts.map(({ status, attributes: { reason } }) => [reason, status])).toEqual([
    ["first", "canceled"],
    ["hedge", "ok"],
  ]);
});

it("sends copies to a shadow target, whose answers and failures nobody waits for", async () => {
  const [own, shadow] = [await upstream(), await upstream({ failRate: 1, firstMs: 50 })];
  const server = await startServer(
    model([target(own.url)], "{}", `, shadow: { target: ${target(shadow.url)}, share: 100% }`),
  );
  const answer = await ask(server);
  expect([answer.status, own.requests.length]).toEqual([200, 1]);
  const rows = await eventually(
    () => calls(server),
    ({ length }) => length === 2,
  );
  expect(rows.map(({ route, status }) => [route, status])).toEqual(
    expect.arrayContaining([
      ["/v1/chat/completions", "ok"],
      ["shadow", "error"],
    ]),
  );
  expect(shadow.requests).toHaveLength(1);
});
