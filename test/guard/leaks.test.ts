import { expect, it } from "vitest";
import type { Category, Finding } from "../../src/guard/detector.ts";
import { leaksOf } from "../../src/guard/detectors/all.ts";
import { TextChannel } from "../../src/guard/stream/text-channel.ts";
import { createRandom } from "../support/random.ts";
import { type Labelled, readLabelled } from "./labelled.ts";

/** What a whole text is found to hold never leaves a stream, cut at any place: over every labelled row. */

const SHAPES = leaksOf(new Set<Category>(["secrets", "pii"]));
if (!SHAPES) throw new Error("there is nothing to look for");
const rules = SHAPES;
const OUT = "\u0000";
/** Names need a model; a day is personal only where it is somebody's birthday. */
const BEYOND_SHAPES = new Set(["PERSON", "DATE_TIME"]);

function streamed(text: string, random: () => number): string {
  const channel = new TextChannel(rules, () => OUT);
  let sent = "";
  for (let at = 0; at < text.length;) {
    const length = 1 + Math.floor(random() * 6);
    sent += channel.push(text.slice(at, at + length));
    at += length;
  }
  return sent + channel.end();
}

function withoutFindings(text: string, findings: readonly Finding[]): string {
  let left = "";
  let at = 0;
  for (const { start, end } of findings) {
    left += text.slice(at, start) + OUT;
    at = end;
  }
  return left + text.slice(at);
}

function found(rows: readonly Labelled[]) {
  const byType = new Map<string, { found: number; all: number }>();
  let spurious = 0;
  for (const { text, spans } of rows) {
    const { findings } = rules.look(text, true);
    for (const { start, end, type } of spans) {
      const counts = byType.get(type) ?? { found: 0, all: 0 };
      byType.set(type, counts);
      counts.all += 1;
      if (findings.some((one) => one.start <= start && one.end >= end)) counts.found += 1;
    }
    const isStray = (one: Finding) =>
      !spans.some(({ start, end }) => one.start < end && start < one.end);
    spurious += findings.filter(isStray).length;
  }
  return { byType, spurious };
}

it.each(["pii", "secrets"] as const)(
  "lets nothing of %s through a stream that a whole text would lose",
  (name) => {
    const random = createRandom(2026);
    for (const { text } of readLabelled(name)) {
      const { findings } = rules.look(text, true);
      expect(streamed(text, random)).toBe(withoutFindings(text, findings));
    }
  },
);

it("finds every labelled number and address by its shape, and nothing in their look-alikes", () => {
  const { byType, spurious } = found(readLabelled("pii"));
  const missed = [...byType].filter(
    ([type, counts]) => !BEYOND_SHAPES.has(type) && counts.found < counts.all,
  );
  expect(missed).toEqual([]);
  expect(byType.size).toBe(15);
  expect(spurious).toBe(0);
});

it("finds more than nine in ten of the makers' keys whole", () => {
  const { byType } = found(readLabelled("secrets"));
  const all = [...byType.values()];
  const share =
    all.reduce((sum, one) => sum + one.found, 0) / all.reduce((sum, one) => sum + one.all, 0);
  expect(share).toBeGreaterThan(0.9);
});
