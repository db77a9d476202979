import { expect, it } from "vitest";
import type { Provider } from "./provider.ts";
import { retire } from "./retire.ts";

/** A provider with a number of calls under way, and the clock that `retire` looks at. */
function setUp(drainMs: number) {
  let time = 0;
  const due: { at: number; run: () => void }[] = [];
  const state = { calls: 1, closes: 0 };
  const provider = {
    underWay: () => state.calls,
    async close() {
      state.closes += 1;
    },
  } as Partial<Provider> as Provider;
  const retired = retire(provider, {
    drainMs,
    now: () => time,
    later(ms, run) {
      const entry = { at: time + ms, run };
      due.push(entry);
      return () => void due.splice(due.indexOf(entry), 1);
    },
  });
  const pass = (ms: number) => {
    const end = time + ms;
    for (;;) {
      const next = due.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (!next) break;
      due.splice(due.indexOf(next), 1);
      time = next.at;
      next.run();
    }
    time = end;
  };
  return { state, retired, pass };
}

it("closes a provider once its last call has ended and nothing more came", () => {
  const { state, pass } = setUp(60_000);
  pass(20_000);
  expect(state.closes).toBe(0);
  state.calls = 0;
  pass(1000);
  state.calls = 1; // routed before the change, sent after it
  pass(5000);
  expect(state.closes).toBe(0);
  state.calls = 0;
  pass(3000);
  expect(state.closes).toBe(1);
});

it("closes it when its calls have had their time", () => {
  const { state, pass } = setUp(30_000);
  pass(29_000);
  expect(state.closes).toBe(0);
  pass(2000);
  expect(state.closes).toBe(1);
});

it("closes it once, at once when it is told to", async () => {
  const { state, retired, pass } = setUp(30_000);
  retired.end();
  retired.end();
  pass(60_000);
  await retired.closed;
  expect(state.closes).toBe(1);
});
