import { expect, it } from "vitest";
import type { Run } from "../../core/run.ts";
import { decimalDollars, idsUnder, totalsWithin } from "./totals.ts";

/** A run of what these functions look at. */
function run(id: string, parentId: string | null, more: Partial<Run> = {}): Run {
  const none = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, cacheWriteTokens: 0 };
  const media = { reasoningTokens: 0, imageTokens: 0, audioTokens: 0 };
  const costs = { costNanos: null, inputCostNanos: null, outputCostNanos: null };
  return { id, parentId, isCovered: false, ...none, ...media, ...costs, ...more } as Run; // what is looked at
}

const tokens = (trace: readonly Run[]) =>
  Object.fromEntries(Array.from(totalsWithin(trace), ([id, totals]) => [id, totals.inputTokens]));

it("adds up what is under runs that say no tokens themselves", () => {
  const trace = [
    run("root", null),
    run("step", "root"),
    run("a", "step", { inputTokens: 3 }),
    run("b", "root", { inputTokens: 4 }),
  ];
  expect(tokens(trace)).toEqual({ root: 7, step: 3, a: 3, b: 4 });
});

it("counts once what a call of ours counts for its client, wherever that call is", () => {
  const covered = { inputTokens: 5, isCovered: true };
  const call = run("call", "model", { inputTokens: 6 });
  expect(tokens([run("root", null), run("model", "root", covered), call])).toMatchObject({
    root: 6,
  });
  expect(tokens([run("root", null), run("model", "root", covered)])).toMatchObject({ root: 5 });
});

it("ends where parents form a circle, and with parents that nobody knows", () => {
  const trace = [
    run("a", "b", { inputTokens: 1 }),
    run("b", "a"),
    run("c", "c"),
    run("d", "gone", { inputTokens: 2 }),
  ];
  expect(tokens(trace)).toMatchObject({ a: 1, b: 1, c: 0, d: 2 });
  expect(idsUnder("a", trace)).toEqual(["b"]);
});

it("lists what is under a run in the order of the tree", () => {
  const trace = [run("a", null), run("b", "a"), run("d", "a"), run("c", "b")];
  expect(idsUnder("a", trace)).toEqual(["b", "c", "d"]);
});

it.each([
  [0, "0"],
  [1, "0.000000001"],
  [333_300_000, "0.3333"],
  [12_000_000_000, "12"],
  [100_000_000_000, "100"],
  [-500_000_000, "-0.5"],
])("writes %d nano-dollars as %s", (nanos, text) => expect(decimalDollars(nanos)).toBe(text));
