import { describe, expect, it } from "vitest";
import { Routing } from "../../config/routing.ts";
import type { CallRecord } from "../../core/call.ts";
import type { ChatEvent, ChatRequest } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import type { AttemptListener, Provider } from "../provider.ts";
import { testClock } from "../../../test/support/clock.ts";
import { startCall } from "./call.ts";
import type { InputVerdict, Target } from "./needs.ts";
import { createRouter } from "./routing/router.ts";

const REQUEST: ChatRequest = {
  kind: "chat",
  model: "chat",
  messages: [{ role: "user", content: "Hi" }],
  sampling: {},
  stop: [],
  n: 1,
  stream: true,
};
const CONTEXT = {
  traceId: "0".repeat(32),
  route: "/v1/chat/completions",
  caller: { keyId: "k", keyName: "app", scopes: ["inference"] },
  startedAt: 0,
  authMs: 1,
} as const;

const delta = (text: string): ChatEvent => ({ type: "text-delta", index: 0, text });
const FINISH: ChatEvent = { type: "finish", index: 0, reason: "stop" };
const USAGE: ChatEvent = { type: "usage", usage: { inputTokens: 3, outputTokens: 2 } };
const broken = () => new WeirError("provider_failed", "broke");

/** A provider whose answer the test speaks itself. */
function scripted(name: string) {
  const calls: { listener: AttemptListener; request: unknown; state: string[] }[] = [];
  const provider: Provider = {
    name,
    generate(request, listener) {
      const call = { listener, request, state: [] as string[] };
      calls.push(call);
      return {
        pause: () => call.state.push("pause"),
        resume: () => call.state.push("resume"),
        cancel: () => call.state.push("cancel"),
      };
    },
    embed: () => Promise.reject(new Error("not asked")),
    health: () => ({ state: "ready" }),
    close: () => Promise.resolve(),
  };
  const target: Target = {
    id: name,
    provider,
    model: `${name}-model`,
    weight: 1,
    fallback: name !== "a",
    tags: [],
    isPaced: false,
    continues: false,
    keepsClientLines: false,
    price: { input: 100, output: 200, cached: 50 },
  };
  return { target, calls, latest: () => calls.at(-1)?.listener };
}

function setUp(
  targets: Target[],
  more: {
    verdict?: Partial<InputVerdict>;
    request?: Partial<ChatRequest>;
    isSlow?: boolean;
    routing?: unknown;
  } = {},
) {
  const told: string[] = [];
  const records: CallRecord[] = [];
  const settled: unknown[] = [];
  let time = 0;
  const monotonic = () => time++;
  const clock = testClock();
  let lose: ((error: WeirError) => void) | undefined;
  const call = startCall(
    { ...REQUEST, ...more.request },
    CONTEXT,
    {
      begin: () => told.push("begin"),
      events(events) {
        told.push(...events.map((event) => ("text" in event ? event.text : event.type)));
        return !more.isSlow;
      },
      end: ({ outputTokens }) => told.push(`end ${outputTokens}`),
      fail: ({ code }) => told.push(`fail ${code}`),
    },
    {
      models: {
        find: (name) => ({
          name,
          targets,
          routing: Routing.parse(more.routing),
          volatileLines: [],
        }),
      },
      admission: {
        reserve({ lost }) {
          lose = lost;
          return { headers: {}, settle: (actual) => settled.push(actual) };
        },
      },
      gate: {
        inspect: (request) => ({
          request,
          findings: [],
          blocked: undefined,
          openOutput: () => undefined,
          ...more.verdict,
        }),
      },
      recorder: { record: (record) => records.push(record), active: () => undefined },
      router: createRouter({ now: () => clock.at, random: () => 0.5, later: clock.later }),
      now: () => 1_000_000,
      monotonic,
      later: clock.later,
      random: () => 0.5,
    },
  );
  return { call, told, records, settled, clock, lose };
}

it("says nothing to the client before the first content", () => {
  const a = scripted("a");
  const { told } = setUp([a.target]);
  a.latest()?.events([delta("")]);
  expect(told).toEqual([]);
  a.latest()?.events([delta("Hel")]);
  expect(told).toEqual(["begin", "", "Hel"]);
});

it("ends as if it had not begun where nothing has left and its cost could not be kept", () => {
  const a = scripted("a");
  const provider = { ...a.target.provider, sendsAtTurnEnd: true };
  const { told, records, settled, lose } = setUp([{ ...a.target, provider }]);
  lose?.(new WeirError("storage_full", "no room"));
  expect(a.calls[0]?.state).toEqual(["cancel"]);
  expect(told).toEqual(["fail storage_full"]);
  expect(settled).toEqual([{ tokens: 0, costNanos: 0 }]);
  expect(records).toMatchObject([{ status: "error", attempts: 0, costNanos: null }]);
  expect(setUp([{ ...a.target, provider }, scripted("b").target]).lose).toBeUndefined();
});

it("relays, ends, settles and records a good call", () => {
  const a = scripted("a");
  const { told, records, settled } = setUp([a.target]);
  a.latest()?.events([delta("Hel"), delta("lo")]);
  a.latest()?.events([FINISH, USAGE]);
  a.latest()?.done();
  expect(told).toEqual(["begin", "Hel", "lo", "finish", "usage", "end 2"]);
  expect(settled).toEqual([{ tokens: 5, costNanos: 700 }]);
  expect(records).toEqual([
    expect.objectContaining({
      status: "ok",
      target: "a",
      output: "Hello",
      costNanos: 700,
      attempts: 1,
      finishReason: "stop",
      usageEstimated: false,
    }),
  ]);
  expect(records[0]?.timeline).toMatchObject({
    authMs: 1,
    attempts: [{ target: "a", model: "a-model" }],
  });
});

it("asks each target under its own model name", () => {
  const a = scripted("a");
  setUp([a.target]);
  expect(a.calls[0]?.request).toMatchObject({ model: "a-model" });
});

it("fails over while nothing was sent, and tells the attempts apart", () => {
  const [a, b] = [scripted("a"), scripted("b")];
  const { told, records } = setUp([a.target, b.target]);
  a.latest()?.failed(broken());
  b.latest()?.events([delta("ok"), FINISH]);
  b.latest()?.done();
  a.latest()?.events([delta("ghost")]);
  expect(told).toEqual(["begin", "ok", "finish", "end 1"]);
  expect(records[0]).toMatchObject({
    status: "ok",
    target: "b",
    attempts: 2,
    usageEstimated: true,
  });
  const attempts = records[0]?.timeline.attempts;
  expect(attempts?.map(({ target, errorCode }) => `${target} ${errorCode}`)).toEqual([
    "a provider_failed",
    "b undefined",
  ]);
});

it("does not fail over once the client has content", () => {
  const [a, b] = [scripted("a"), scripted("b")];
  const { told, records } = setUp([a.target, b.target]);
  a.latest()?.events([delta("half")]);
  a.latest()?.failed(broken());
  expect(told).toEqual(["begin", "half", "fail provider_failed"]);
  expect(b.calls).toHaveLength(0);
  expect(records[0]).toMatchObject({ status: "error", httpStatus: 200, output: "half" });
});

it("fails over to the last byte when the answer is not streamed", () => {
  const [a, b] = [scripted("a"), scripted("b")];
  const { told } = setUp([a.target, b.target], { request: { stream: false } });
  a.latest()?.events([delta("half")]);
  a.latest()?.failed(broken());
  b.latest()?.events([delta("whole"), FINISH]);
  expect(told).toEqual([]);
  b.latest()?.done();
  expect(told).toEqual(["begin", "whole", "finish", "end 1"]);
});

it("does not try elsewhere what is the caller's own fault", () => {
  const [a, b] = [scripted("a"), scripted("b")];
  const { told } = setUp([a.target, b.target]);
  a.latest()?.failed(new WeirError("context_length_exceeded", "too long"));
  expect(told).toEqual(["fail context_length_exceeded"]);
  expect(b.calls).toHaveLength(0);
});

it("gives the last target's failure when all fail", () => {
  const [a, b] = [scripted("a"), scripted("b")];
  const { told, settled } = setUp([a.target, b.target]);
  a.latest()?.failed(broken());
  b.latest()?.failed(new WeirError("provider_timed_out", "slow"));
  expect(told).toEqual(["fail provider_timed_out"]);
  // The first took nothing; the second may have read the prompt before it was given up.
  expect(settled).toEqual([{ tokens: 9, costNanos: 900 }]);
});

it("cancels the attempt when the client leaves, and still pays for what was made", () => {
  const a = scripted("a");
  const { call, told, records, settled } = setUp([a.target]);
  a.latest()?.events([delta("one "), delta("two ")]);
  call.cancel();
  call.cancel();
  expect(a.calls[0]?.state).toEqual(["cancel"]);
  expect(told).toEqual(["begin", "one ", "two "]);
  expect(records).toEqual([expect.objectContaining({ status: "canceled", output: "one two " })]);
  expect(settled).toEqual([{ tokens: expect.any(Number), costNanos: expect.any(Number) }]);
  expect(records[0]?.usage.outputTokens).toBe(2);
});

it("holds the upstream while the client reads slowly", () => {
  const a = scripted("a");
  const { call } = setUp([a.target], { isSlow: true });
  a.latest()?.events([delta("x")]);
  call.resume();
  expect(a.calls[0]?.state).toEqual(["pause", "resume"]);
});

it("refuses what the guard blocks before any target is asked", () => {
  const a = scripted("a");
  const blocked = new WeirError("blocked_by_guard", "no");
  const { told, records } = setUp([a.target], {
    verdict: { blocked },
  });
  expect(told).toEqual(["fail blocked_by_guard"]);
  expect(a.calls).toHaveLength(0);
  expect(records[0]).toMatchObject({ status: "blocked", httpStatus: 403 });
});

it("cuts an answer that the output guard blocks", () => {
  const a = scripted("a");
  const scan = {
    findings: [],
    blocked: undefined as WeirError | undefined,
    push: (events: readonly ChatEvent[]) => [...events],
  };
  const { told, records } = setUp([a.target], { verdict: { openOutput: () => scan } });
  a.latest()?.events([delta("fine ")]);
  scan.blocked = new WeirError("blocked_by_guard", "no");
  scan.push = () => [];
  a.latest()?.events([delta("secret")]);
  expect(told).toEqual(["begin", "fine ", "fail blocked_by_guard"]);
  expect(a.calls[0]?.state).toEqual(["cancel"]);
  expect(records[0]).toMatchObject({ status: "blocked" });
});

it("pays for every attempt that was at work, and tells the client of its own answer only", () => {
  const [a, b] = [scripted("a"), scripted("b")];
  const { records, settled } = setUp([a.target, b.target]);
  a.latest()?.failed(new WeirError("provider_timed_out", "slow"));
  b.latest()?.events([delta("ok"), FINISH, USAGE]);
  b.latest()?.done();
  expect(records[0]).toMatchObject({ usage: { inputTokens: 3, outputTokens: 2 }, costNanos: 1600 });
  expect(settled).toEqual([{ tokens: 14, costNanos: 1600 }]);
});

it("takes an answer without any content for a failure while another target is left", () => {
  const [a, b] = [scripted("a"), scripted("b")];
  const { told } = setUp([a.target, b.target]);
  a.latest()?.events([FINISH]);
  a.latest()?.done();
  b.latest()?.events([FINISH]);
  b.latest()?.done();
  expect(told).toEqual(["begin", "finish", "end 0"]);
});

it("gives a target up that sends no content for too long", () => {
  const [a, b] = [scripted("a"), scripted("b")];
  const slow = { ...a.target, guards: { firstContentMs: 500 } };
  const { told, clock } = setUp([slow, b.target]);
  a.latest()?.events([delta("")]);
  clock.pass(499);
  expect(b.calls).toHaveLength(0);
  clock.pass(1);
  b.latest()?.events([delta("ok")]);
  expect(a.calls[0]?.state).toEqual(["cancel"]);
  expect(told).toEqual(["begin", "ok"]);
});

it("ends a call at its deadline, wherever it is", () => {
  const a = scripted("a");
  const { told, clock, records } = setUp([a.target], { routing: { deadline: "2s" } });
  clock.pass(2_000);
  a.latest()?.events([delta("late")]);
  expect(told).toEqual(["fail deadline_exceeded"]);
  expect(a.calls[0]?.state).toEqual(["cancel"]);
  expect(records[0]).toMatchObject({ status: "error", httpStatus: 504 });
});

describe("a hedged call", () => {
  const hedge = { hedge: { after: "300ms", budget: "100%" } };

  it("is sent to a second target when the first stays silent; the first content wins", () => {
    const [a, b] = [scripted("a"), scripted("b")];
    const second = { ...b.target, fallback: false };
    const { told, clock, records } = setUp([a.target, second], { routing: hedge });
    clock.pass(300);
    expect(a.calls.length + b.calls.length).toBe(2);
    const [first, other] = a.calls.length === 1 && b.calls.length === 1 ? [b, a] : [a, b];
    first.latest()?.events([delta("won")]);
    other.latest()?.events([delta("lost")]);
    first.latest()?.events([FINISH, USAGE]);
    first.latest()?.done();
    expect(other.calls[0]?.state).toEqual(["cancel"]);
    expect(told).toEqual(["begin", "won", "finish", "usage", "end 2"]);
    const reasons = records[0]?.timeline.attempts.map(({ reason }) => reason);
    expect(reasons).toEqual(["first", "hedge"]);
  });

  it("waits for the other when one of the two fails", () => {
    const [a, b] = [scripted("a"), scripted("b")];
    const second = { ...b.target, fallback: false };
    const { told, clock } = setUp([a.target, second], { routing: hedge });
    clock.pass(300);
    a.latest()?.failed(broken());
    expect(told).toEqual([]);
    b.latest()?.events([delta("ok")]);
    expect(told).toEqual(["begin", "ok"]);
  });
});

describe("a stream that breaks off", () => {
  const goesOn = { routing: { continue: true } };
  const selfHosted = (target: Target) => ({ ...target, continues: true });

  it("goes on at another self-hosted target, as one answer", () => {
    const [a, b] = [scripted("a"), scripted("b")];
    const targets = [selfHosted(a.target), selfHosted(b.target)];
    const { told, records } = setUp(targets, { ...goesOn, request: { maxTokens: 10 } });
    a.latest()?.events([delta("Hel"), delta("lo ")]);
    a.latest()?.failed(broken());
    expect(b.calls[0]?.request).toMatchObject({
      messages: [{ role: "user" }, { role: "assistant", content: "Hello " }],
      continuesLast: true,
      maxTokens: 8,
    });
    b.latest()?.events([delta("world"), FINISH]);
    b.latest()?.events([{ type: "usage", usage: { inputTokens: 12, outputTokens: 1 } }]);
    b.latest()?.done();
    expect(told).toEqual(["begin", "Hel", "lo ", "world", "finish", "usage", "end 3"]);
    expect(records[0]).toMatchObject({
      output: "Hello world",
      usage: { inputTokens: 10, outputTokens: 3 },
    });
  });

  it("ends with its error where more than text was told", () => {
    const [a, b] = [scripted("a"), scripted("b")];
    const { told } = setUp([selfHosted(a.target), selfHosted(b.target)], goesOn);
    const call: ChatEvent = { type: "tool-call-delta", index: 0, call: 0, id: "1", arguments: "{" };
    a.latest()?.events([call]);
    a.latest()?.failed(broken());
    expect(told).toEqual(["begin", "tool-call-delta", "fail provider_failed"]);
  });

  it("goes on elsewhere when it is far too slow", () => {
    const [a, b] = [scripted("a"), scripted("b")];
    const slow = { ...selfHosted(a.target), guards: { firstContentMs: 9_000, slowestTokens: 2 } };
    const { clock } = setUp([slow, selfHosted(b.target)], goesOn);
    a.latest()?.events([delta("a")]);
    clock.pass(5_000);
    expect(a.calls[0]?.state).toEqual(["cancel"]);
    expect(b.calls).toHaveLength(1);
  });
});

it("leaves out what comes after an answer's end, but its usage", () => {
  const a = scripted("a");
  const { told } = setUp([a.target]);
  a.latest()?.events([delta("once"), FINISH]);
  a.latest()?.events([delta("twice"), FINISH, USAGE]);
  a.latest()?.done();
  expect(told).toEqual(["begin", "once", "finish", "usage", "end 2"]);
});
