import { expect, it } from "vitest";
import { barOf, extentOf, toRows, withAncestors, type TreeRun } from "./run-tree.ts";

function run(
  id: string,
  parentId: string | null,
  at: number,
  more: Partial<TreeRun> = {},
): TreeRun {
  return {
    id,
    parentId,
    at,
    name: id,
    type: "chain",
    status: "success",
    durationMs: 10,
    ttftMs: null,
    model: null,
    costNanos: null,
    inputTokens: 0,
    outputTokens: 0,
    isCovered: false,
    ...more,
  };
}

const NONE: ReadonlySet<string> = new Set();
const said = (runs: readonly TreeRun[], closed = NONE) =>
  toRows(runs, closed).map(({ run, depth }) => `${"-".repeat(depth)}${run.id}`);

it("puts each run below its parent, siblings by start, whatever the order they came in", () => {
  const runs = [
    run("late", "root", 5),
    run("leaf", "late", 6),
    run("root", null, 0),
    run("early", "root", 1),
  ];
  expect(said(runs)).toEqual(["root", "-early", "-late", "--leaf"]);
  expect(toRows(runs, NONE).at(-2)).toMatchObject({ place: 2, siblings: 2, hasChildren: true });
});

it("hides what is below a closed run", () => {
  const runs = [run("root", null, 0), run("a", "root", 1), run("b", "a", 2), run("c", "root", 3)];
  expect(said(runs, new Set(["a"]))).toEqual(["root", "-a", "-c"]);
  expect(said(runs, new Set(["root"]))).toEqual(["root"]);
});

it("loses no run whose parent is missing, or that is in a circle", () => {
  const runs = [
    run("orphan", "gone", 1),
    run("a", "b", 2),
    run("b", "a", 3),
    run("self", "self", 4),
  ];
  expect(said(runs)).toEqual(["orphan", "self", "a", "-b"]);
  expect(toRows(runs, NONE).map(({ isStray }) => isStray)).toEqual([true, true, true, false]);
});

it("takes a chain of twenty thousand runs", () => {
  const runs = Array.from({ length: 20_000 }, (_, index) =>
    run(`r${index}`, index === 0 ? null : `r${index - 1}`, index),
  );
  expect(toRows(runs, NONE).at(-1)).toMatchObject({ depth: 19_999 });
});

it("keeps what fits with all that stands above it", () => {
  const runs = [run("root", null, 0), run("a", "root", 1), run("b", "a", 2), run("c", "root", 3)];
  expect(withAncestors(runs, ({ id }) => id === "b").map(({ id }) => id)).toEqual([
    "root",
    "a",
    "b",
  ]);
});

it("places bars between the first start and the last end", () => {
  const pending = run("p", null, 150, { durationMs: null, status: "pending" });
  const runs = [run("root", null, 100, { durationMs: 100, ttftMs: 25 }), pending];
  const extent = extentOf(runs, 300);
  expect(extent).toEqual({ from: 100, to: 300 });
  expect(runs.map((one) => barOf(one, extent, 300))).toEqual([
    { left: 0, width: 50, ttft: 12.5 },
    { left: 25, width: 75, ttft: null },
  ]);
});
