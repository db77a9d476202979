import { describe, expect, it } from "vitest";
import { testClock } from "../../../../test/support/clock.ts";
import { Routing } from "../../../config/routing.ts";
import { WeirError } from "../../../core/errors.ts";
import type { Provider } from "../../provider.ts";
import type { CallWishes, RoutedModel, Target } from "../needs.ts";
import type { RouteAsk } from "./ask.ts";
import type { Route } from "./route.ts";
import { createRouter } from "./router.ts";
import type { Ticket } from "./ticket.ts";

const target = (id: string, more: Partial<Target> = {}): Target => ({
  id,
  provider: { name: id } as unknown as Provider, // routing looks at who it is, and no further
  model: id,
  weight: 1,
  fallback: false,
  price: undefined,
  tags: [],
  isPaced: false,
  continues: false,
  keepsClientLines: false,
  ...more,
});

const failure = (retryAfterMs?: number) =>
  new WeirError("provider_failed", "broke", retryAfterMs === undefined ? {} : { retryAfterMs });

interface Asked {
  readonly route: Route;
  /** What each `next` came to, in order. */
  readonly got: (string | Ticket)[];
  retryAfterMs?: number | undefined;
}

function setUp(targets: readonly Target[], routing: unknown = {}) {
  const clock = testClock();
  const router = createRouter({ now: () => clock.at, random: () => 0.5, later: clock.later });
  const model: RoutedModel = {
    name: "chat",
    targets,
    routing: Routing.parse(routing),
    volatileLines: [],
  };

  function ask(more: Partial<RouteAsk> = {}): Asked {
    const route = router.open({
      model,
      promptTokens: 100,
      isWhole: false,
      priority: "normal",
      flow: "one",
      keyId: "k",
      ...more,
    });
    const asked: Asked = { route, got: [] };
    next(asked);
    return asked;
  }

  function next(asked: Asked, last?: WeirError): void {
    const none = ({ code, retryAfterMs }: WeirError) => {
      asked.got.push(code);
      asked.retryAfterMs = retryAfterMs;
    };
    asked.route.next({ go: (ticket) => void asked.got.push(ticket), none }, last);
  }

  function fail(asked: Asked, error = failure()): void {
    ticketOf(asked).ended({ how: "failed", error });
    next(asked, error);
  }

  return { router, clock, ask, next, fail };
}

function ticketOf({ got }: Asked): Ticket {
  const last = got.at(-1);
  if (last === undefined || typeof last === "string") throw new Error(`no target: ${last}`);
  return last;
}

const whereTo = ({ got }: Asked) =>
  got.map((one) => (typeof one === "string" ? one : one.target.id)).join(" ");

it("tries each target once, own ones before fallbacks, and then gives the last failure", () => {
  const { ask, fail } = setUp([target("spare", { fallback: true }), target("own")]);
  const call = ask();
  fail(call);
  fail(call, new WeirError("provider_timed_out", "slow"));
  expect(whereTo(call)).toBe("own spare provider_timed_out");
});

it("spares a target whose breaker is open, and asks it all the same where nothing else is left", () => {
  const only = target("own");
  const { ask, fail } = setUp([only, target("spare", { fallback: true })]);
  for (let failed = 0; failed < 3; failed++) fail(ask());
  expect(whereTo(ask())).toBe("spare");
  const call = ask();
  fail(call);
  expect(whereTo(call)).toBe("spare own");
});

it("leaves a target alone that asked for a rest, and says how long it wants", () => {
  const { ask, fail, clock } = setUp([target("own")]);
  fail(ask(), new WeirError("rate_limited", "later", { retryAfterMs: 8_000 }));
  clock.pass(2_000);
  const call = ask();
  expect(whereTo(call)).toBe("rate_limited");
  expect(call.retryAfterMs).toBe(6_000);
  clock.pass(6_000);
  expect(whereTo(ask())).toBe("own");
});

it("tries all once more after a pause, where the model says so, but waits for no long rest", () => {
  const { ask, fail, clock } = setUp([target("own")], { retry: { rounds: 2, pause: "400ms" } });
  const call = ask();
  fail(call);
  expect(whereTo(call)).toBe("own");
  clock.pass(400);
  expect(whereTo(call)).toBe("own own");
  fail(call);
  expect(whereTo(call)).toBe("own own provider_failed");

  const limited = ask();
  fail(limited, new WeirError("rate_limited", "later", { retryAfterMs: 60_000 }));
  expect(whereTo(limited)).toBe("own rate_limited");
});

it("keeps retries within their budget: failing targets do not multiply the load", () => {
  const targets = ["a", "b", "c", "d"].map((id) => target(id));
  const routing = { retry: { budget: "20%" }, breaker: { failures: 1_000_000, share: "100%" } };
  const { ask, fail, router } = setUp(targets, routing);
  for (let call = 0; call < 1_000; call++) {
    const asked = ask();
    while (typeof asked.got.at(-1) !== "string") fail(asked);
  }
  const started = targets.reduce((sum, one) => sum + router.stateOf(one).started, 0);
  expect(started).toBeGreaterThan(1_200);
  expect(started).toBeLessThanOrEqual(1_000 + 100 + 200);
});

describe("wishes", () => {
  const targets = [target("eu", { tags: ["eu", "fast"] }), target("us", { tags: ["us"] })];
  const asked = (wishes: CallWishes) => ({ wishes });

  it("keep a call to one target, or to those with all its tags", () => {
    const { ask } = setUp(targets);
    expect(whereTo(ask(asked({ target: "us" })))).toBe("us");
    expect(whereTo(ask(asked({ tags: ["fast", "eu"] })))).toBe("eu");
  });

  it("are refused where no target fits, with what there is", () => {
    const { ask } = setUp(targets);
    expect(() => ask(asked({ tags: ["moon"] }))).toThrow(/tags moon.*eu eu fast; us us/);
    expect(() => ask(asked({ target: "mars" }))).toThrow(/name "mars"/);
  });

  it("can do without failover", () => {
    const { ask, fail } = setUp(targets);
    const call = ask(asked({ failover: false }));
    fail(call);
    expect(call.got.at(-1)).toBe("provider_failed");
  });

  it("keep a session with its target while that is sound", () => {
    const { ask } = setUp(targets);
    const first = whereTo(ask(asked({ session: "s1" })));
    for (let call = 0; call < 2; call++) {
      const again = ask(asked({ session: "s1" }));
      expect(whereTo(again)).toBe(first);
      ticketOf(again).ended({ how: "answered" });
    }
  });
});

describe("a target with a limit of calls", () => {
  it("lets others wait, and takes the first in line as soon as one ends", () => {
    const { ask, router } = setUp([target("own", { concurrency: 1 })]);
    const [first, second, third] = [ask(), ask(), ask()];
    expect([whereTo(second), router.waiting("chat")]).toEqual(["", 2]);
    ticketOf(first).ended({ how: "answered" });
    expect([whereTo(second), whereTo(third)]).toEqual(["own", ""]);
  });

  it("binds late: whichever target is free first takes the call", () => {
    const { ask } = setUp([target("a", { concurrency: 1 }), target("b", { concurrency: 1 })]);
    const [first, second, third] = [ask(), ask(), ask()];
    expect(new Set([whereTo(first), whereTo(second)])).toEqual(new Set(["a", "b"]));
    ticketOf(second).ended({ how: "answered" });
    expect(whereTo(third)).toBe(whereTo(second));
  });

  it("forgets a call whose client has left", () => {
    const { ask, router } = setUp([target("own", { concurrency: 1 })]);
    const [first, second] = [ask(), ask()];
    second.route.leave();
    ticketOf(first).ended({ how: "answered" });
    expect([whereTo(second), router.waiting("chat")]).toEqual(["", 0]);
  });

  it("turns a call away that waited too long, or spills it over to a fallback", () => {
    const busy = target("own", { concurrency: 1 });
    const routing = { queue: { wait: "2s" } };
    const alone = setUp([busy], routing);
    alone.ask();
    const refused = alone.ask();
    alone.clock.pass(2_000);
    expect(whereTo(refused)).toBe("engine_busy");

    const spared = setUp([busy, target("spare", { fallback: true })], routing);
    spared.ask();
    const spilled = spared.ask();
    spared.clock.pass(2_000);
    expect(whereTo(spilled)).toBe("spare");
  });

  it("lets the last in line give way where the queue is full", () => {
    const { ask } = setUp([target("own", { concurrency: 1 })], { queue: { calls: 1 } });
    const [running, low, high] = [ask(), ask({ priority: "low" }), ask({ priority: "high" })];
    expect(whereTo(low)).toBe("engine_busy");
    ticketOf(running).ended({ how: "answered" });
    expect(whereTo(high)).toBe("own");
  });

  it("sends waiting calls on when their target breaks", () => {
    const { ask, fail } = setUp(
      [target("own", { concurrency: 1 }), target("spare", { fallback: true })],
      { breaker: { failures: 1 } },
    );
    const [first, second] = [ask(), ask()];
    expect(whereTo(second)).toBe("");
    fail(first);
    expect(whereTo(second)).toBe("spare");
  });
});

describe("a paced target", () => {
  const paced = (id: string) => target(id, { isPaced: true });

  it("gets its next prompt only while few tokens wait there", () => {
    const { ask } = setUp([paced("vllm")], { queue: { promptTokens: 512 } });
    const calls = Array.from({ length: 8 }, () => ask({ promptTokens: 100 }));
    // Five wait there with 500 tokens, so a sixth still goes; the seventh does not.
    expect(calls.map(whereTo)).toEqual([...Array.from({ length: 6 }, () => "vllm"), "", ""]);
    const [first] = calls;
    if (first) ticketOf(first).firstContent();
    expect(calls.map(whereTo).filter(Boolean)).toHaveLength(7);
    const [, second] = calls;
    if (second) ticketOf(second).firstContent();
    expect(calls.map(whereTo).filter(Boolean)).toHaveLength(8);
  });

  it("takes a long prompt of any length when none waits, and short ones beside it", () => {
    const { ask } = setUp([paced("vllm")]);
    const [long, longer] = [ask({ promptTokens: 12_000 }), ask({ promptTokens: 12_000 })];
    expect([whereTo(long), whereTo(longer), whereTo(ask())]).toEqual(["vllm", "", "vllm"]);
    ticketOf(long).firstContent();
    expect(whereTo(longer)).toBe("vllm");
  });

  it("takes the prompt of an answer that is not streamed for read after a while", () => {
    const { ask, clock } = setUp([paced("vllm")]);
    ask({ promptTokens: 2_000, isWhole: true });
    const second = ask({ promptTokens: 2_000 });
    expect(whereTo(second)).toBe("");
    clock.pass(1_000);
    expect(whereTo(second)).toBe("vllm");
  });

  it("spreads what waits over its replicas", () => {
    const { ask } = setUp([paced("a"), paced("b")]);
    const calls = Array.from({ length: 5 }, () => ask({ promptTokens: 600 }));
    expect(calls.map(whereTo).toSorted()).toEqual(["", "", "", "a", "b"]);
  });
});

describe("prefix affinity", () => {
  const prompt = (text: string): Partial<RouteAsk> => ({
    request: {
      kind: "chat",
      model: "chat",
      messages: [
        { role: "system", content: text.repeat(400) },
        { role: "user", content: String(Math.random()) },
      ],
      sampling: {},
      stop: [],
      n: 1,
      stream: true,
    },
  });

  it("sends a prompt where its start was seen, and others to where there is less to do", () => {
    const { ask } = setUp([target("a"), target("b")], { strategy: "prefix", balance: 4 });
    const homes = new Map(["one ", "two "].map((text) => [text, whereTo(ask(prompt(text)))]));
    expect(new Set(homes.values()).size).toBe(2);
    for (const [text, home] of homes) {
      const again = ask(prompt(text));
      expect(whereTo(again)).toBe(home);
      ticketOf(again).ended({ how: "answered" });
    }
  });
});

it("takes no new calls to a drained target, and lets waiting ones in when it is enabled", () => {
  const own = target("own");
  const { ask, router } = setUp([own]);
  router.drain(own, true);
  expect(whereTo(ask())).toBe("model_unavailable");
  router.drain(own, false);
  expect(whereTo(ask())).toBe("own");
});

it("counts a target's load once, whatever its ticket is told twice", () => {
  const own = target("own", { isPaced: true });
  const { ask, router } = setUp([own]);
  const ticket = ticketOf(ask());
  ticket.firstContent();
  ticket.firstContent();
  ticket.ended({ how: "answered" });
  ticket.ended({ how: "withdrawn" });
  expect(router.stateOf(own)).toMatchObject({ inFlight: 0, waitingTokens: { small: 0, large: 0 } });
});
