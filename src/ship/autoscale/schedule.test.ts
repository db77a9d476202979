import { expect, it } from "vitest";
import { boundsAt } from "./schedule.ts";

const USUAL = { min: 1, max: 5 };
const at = (day: number, hour: number, minute = 0) => Date.UTC(2026, 0, day, hour, minute);
const utc = (entry: { days?: number[]; from: number; to: number; min?: number; max?: number }) => ({
  timeZone: "UTC",
  entries: [
    {
      days: entry.days ?? [],
      fromMinute: entry.from * 60,
      toMinute: entry.to * 60,
      ...(entry.min !== undefined && { min: entry.min }),
      ...(entry.max !== undefined && { max: entry.max }),
    },
  ],
});

it("holds from its beginning to before its end, every day", () => {
  const schedule = utc({ from: 8, to: 10, min: 3 });
  expect(boundsAt(USUAL, schedule, at(5, 7, 59))).toEqual(USUAL);
  expect(boundsAt(USUAL, schedule, at(5, 8))).toEqual({ min: 3, max: 5 });
  expect(boundsAt(USUAL, schedule, at(6, 9, 59))).toEqual({ min: 3, max: 5 });
  expect(boundsAt(USUAL, schedule, at(6, 10))).toEqual(USUAL);
});

it("goes over midnight as a part of the day on which it begins", () => {
  // Friday the 2nd, 22 h, to Saturday 6 h.
  const schedule = utc({ days: [5], from: 22, to: 6, max: 2 });
  expect(boundsAt(USUAL, schedule, at(2, 23)).max).toBe(2);
  expect(boundsAt(USUAL, schedule, at(3, 5)).max).toBe(2);
  expect(boundsAt(USUAL, schedule, at(3, 23)).max).toBe(5);
  expect(boundsAt(USUAL, schedule, at(2, 5)).max).toBe(5);
});

it("lifts the maximum to a promised minimum, and takes the last entry of several", () => {
  expect(boundsAt(USUAL, utc({ from: 0, to: 24, min: 9 }), at(1, 3))).toEqual({ min: 9, max: 9 });
  const [one, other] = [utc({ from: 0, to: 24, min: 2 }), utc({ from: 3, to: 4, min: 4 })];
  const both = { timeZone: "UTC", entries: [...one.entries, ...other.entries] };
  expect(boundsAt(USUAL, both, at(1, 3)).min).toBe(4);
  expect(boundsAt(USUAL, both, at(1, 5)).min).toBe(2);
});

it("knows the hour that a zone leaves out", () => {
  const schedule = { ...utc({ from: 2, to: 3, min: 4 }), timeZone: "Europe/Berlin" };
  // 2026-03-29: after 01:59 comes 03:00.
  expect(boundsAt(USUAL, schedule, Date.UTC(2026, 2, 29, 0, 59))).toEqual(USUAL);
  expect(boundsAt(USUAL, schedule, Date.UTC(2026, 2, 29, 1, 0))).toEqual(USUAL);
});
