import { expect, it } from "vitest";
import type { Span } from "../../../../src/http/admin-schemas.ts";
import { attributeText, toBars, toTicks } from "./waterfall.ts";

function span(id: string, parent: string | null, startMs: number, durationMs: number): Span {
  return { id, parent, startMs, durationMs, kind: "guard", name: id, status: "ok", attributes: {} };
}

it("puts each span below its parent, siblings by their start", () => {
  const bars = toBars(
    [
      span("late", "call", 50, 50),
      span("call", null, 0, 100),
      span("inner", "late", 60, 10),
      span("early", "call", 0, 5),
    ],
    100,
  );
  expect(bars.map(({ span, depth, left, width }) => [span.id, depth, left, width])).toEqual([
    ["call", 0, 0, 100],
    ["early", 1, 0, 5],
    ["late", 1, 50, 50],
    ["inner", 2, 60, 10],
  ]);
});

it("keeps every bar visible and inside the axis", () => {
  const [, tiny] = toBars([span("call", null, 0, 100), span("tiny", "call", 100, 0)], 100);
  expect(tiny).toMatchObject({ left: 99.6, width: 0.4 });
  const [long] = toBars([span("long", null, 0, 400)], 100);
  expect(long).toMatchObject({ left: 0, width: 100 });
});

it("loses no span whose parent is missing or circular", () => {
  const bars = toBars(
    [span("orphan", "gone", 0, 1), span("a", "b", 0, 1), span("b", "a", 0, 1)],
    10,
  );
  expect(bars.map(({ span }) => span.id).toSorted()).toEqual(["a", "b", "orphan"]);
});

it("chooses round times for the axis", () => {
  expect(toTicks(100)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(toTicks(1234)).toEqual([0, 200, 400, 600, 800, 1000, 1200]);
  expect(toTicks(0.9)).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
  expect(toTicks(0)).toEqual([0]);
});

it("writes attributes by the unit in their name", () => {
  expect(attributeText("firstContentMs", 112.0424490049)).toBe("112 ms");
  expect(attributeText("reservedNanos", 405_000)).toBe("$0.00041");
  expect(attributeText("bodyBytes", 2048)).toBe("2 KiB");
  expect(attributeText("share", 0.33333333)).toBe("0.333");
  expect([attributeText("verdict", "block"), attributeText("x", null)]).toEqual(["block", "–"]);
});
