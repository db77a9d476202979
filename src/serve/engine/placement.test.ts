import { expect, it } from "vitest";
import { commonPrefix, placePrompt, type SlotView } from "./placement.ts";

const COSTS = { tokenMs: 1, copyMs: 1000 };
const free = (cached: number[] = [], lastUsed = 0): SlotView => ({ busy: false, cached, lastUsed });
const busy = (cached: number[] = []): SlotView => ({ busy: true, cached, lastUsed: 0 });
const long = Array.from({ length: 100 }, (_, at) => at);

it("takes the lowest free slot when all are alike", () => {
  expect(placePrompt([1, 2], [busy(), free(), free()], COSTS)?.slot).toBe(1);
});

it("finds no place when every slot is busy", () => {
  expect(placePrompt([1], [busy()], COSTS)).toBeUndefined();
});

it("goes where most of the prompt is cached", () => {
  const place = placePrompt([...long, 7], [free(), free(long.slice(0, 40)), free(long)], COSTS);
  expect(place).toEqual({ slot: 2, reused: 100, copyFrom: undefined });
});

it("always leaves the last token to be computed", () => {
  expect(placePrompt(long, [free(long)], COSTS)?.reused).toBe(99);
});

it("spares the conversation that was used last", () => {
  expect(placePrompt([900], [free(long, 5), free(long, 3)], COSTS)?.slot).toBe(1);
});

it("leaves no gap between running slots for a few tokens", () => {
  const slots = [busy(), free(), free([5, 6, 7, 8])];
  expect(placePrompt([5, 6, 7, 8, 9], slots, COSTS)?.slot).toBe(1);
  expect(placePrompt([...long, 1], [busy(), free(), free(long)], COSTS)?.slot).toBe(2);
});

it("copies a busy slot's prefix when that is cheaper than computing it", () => {
  const slots = [busy([...long, 1, 2]), free()];
  const cheap = { tokenMs: 1, copyMs: 10 };
  expect(placePrompt([...long, 9], slots, cheap)).toEqual({ slot: 1, reused: 100, copyFrom: 0 });
  expect(placePrompt([...long, 9], slots, COSTS)).toEqual({
    slot: 1,
    reused: 0,
    copyFrom: undefined,
  });
});

it("counts what two lists have in common", () => {
  expect(commonPrefix([1, 2, 3], [1, 2, 4])).toBe(2);
  expect(commonPrefix([], [1])).toBe(0);
});
