import { expect, it } from "vitest";
import { openProgress } from "./progress.ts";

it("draws how far the work is and how long it may take, and leaves nothing behind", () => {
  let clock = 0;
  const lines: string[] = [];
  const progress = openProgress("Quantizing", (amount) => `${amount} B`, {
    redraw: (line) => void lines.push(line),
    now: () => clock,
  });
  progress(0, 200);
  clock += 50;
  progress(10, 200);
  clock += 10_000;
  progress(50, 200);
  clock += 20;
  progress(200, 200);
  progress.end();
  expect(lines).toEqual([
    `Quantizing ${"░".repeat(28)} 0 % of 200 B`,
    `Quantizing ${"█".repeat(7)}${"░".repeat(21)} 25 % of 200 B, 31 s left`,
    `Quantizing ${"█".repeat(28)} 100 % of 200 B`,
    "",
  ]);
});

it("draws nothing where there is no terminal", () => {
  const progress = openProgress("Quantizing", String, { redraw: undefined });
  expect(() => {
    progress(1, 2);
    progress.end();
  }).not.toThrow();
});
