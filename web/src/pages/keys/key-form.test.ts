import { expect, it } from "vitest";
import type { KeyRow } from "../../../../src/http/access-schemas.ts";
import { formatIn, fromDay, inDays, toDay } from "./expiry.ts";
import { filterKeys } from "./filter-keys.ts";
import { problemOf, toLimits, toTexts } from "./limit-names.ts";
import { modelsProblem, toModels } from "./typed-models.ts";
import { usesOf } from "./use-bars.tsx";

const NOW = new Date("2030-05-10T12:00:00").getTime();

it("ends a key with the day that was picked, and leaves an end that was not touched", () => {
  const day = inDays(90, NOW);
  const end = fromDay(day, null) ?? 0;
  expect(new Date(end).getHours()).toBe(23);
  expect(toDay(end)).toBe(day);
  expect(formatIn(end, NOW)).toBe("in 90 d");
  expect(formatIn(NOW + 90_000, NOW)).toBe("in 2 min");
  expect(fromDay(toDay(NOW), NOW)).toBe(NOW);
  expect(fromDay("", NOW)).toBeNull();
});

it("reads limits as typed, costs in dollars, and says what is none", () => {
  const limits = { requestsPerMinute: 60, costPerDay: 2_500_000_000 };
  expect(toTexts(limits)).toEqual({ requestsPerMinute: "60", costPerDay: "2.5" });
  expect(toLimits(toTexts(limits))).toEqual(limits);
  expect(toLimits({ requestsPerDay: " " })).toEqual({});
  for (const text of ["x", "-1", "0", "1.5"]) {
    expect(problemOf("requestsPerDay", text)).toMatch(/whole number/);
    expect(toLimits({ requestsPerDay: text })).toBeUndefined();
  }
  expect(problemOf("costPerDay", "0.25")).toBeNull();
  expect(problemOf("costPerDay", "free")).toMatch(/dollars/);
});

it("reads a list of models, and names what is none", () => {
  expect(toModels(" chat, gpt-*\nother/model:1 ")).toEqual(["chat", "gpt-*", "other/model:1"]);
  expect(toModels(" ")).toBeNull();
  expect(modelsProblem("chat, g*t")).toMatch(/“g\*t”/);
});

it("shows limits that count, and those that count nothing yet", () => {
  const row = {
    subject: { kind: "key" as const, id: "k", name: "k" },
    limit: "costPerDay",
    unit: "cost" as const,
    window: "day" as const,
    used: 3,
    reserved: 2,
    most: 10,
    resetAt: null,
  };
  expect(usesOf([row], { costPerDay: 10, concurrency: 4 })).toEqual([
    { name: "costPerDay", used: 5, most: 10, isCost: true },
    { name: "concurrency", used: 0, most: 4, isCost: false },
  ]);
});

it("finds keys by every word, newest first", () => {
  const key = (name: string, createdAt: number, revoked = false) =>
    ({
      id: name,
      name,
      tenant: "shop",
      prefix: "wk-Ab",
      note: null,
      scopes: ["viewer"],
      revoked,
      createdAt,
    }) as unknown as KeyRow; // what is looked at
  const keys = [key("a web", 1), key("b web", 2), key("c", 3, true)];
  expect(filterKeys(keys, "WEB shop", "in use").map(({ name }) => name)).toEqual([
    "b web",
    "a web",
  ]);
  expect(filterKeys(keys, "", "revoked")).toHaveLength(1);
  expect(filterKeys(keys, "web none", "all")).toEqual([]);
});
