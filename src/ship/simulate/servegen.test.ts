import { expect, it } from "vitest";
import { gamma, seeded } from "./random.ts";
import { drawServeGen } from "./servegen.ts";

const RATES = ["model,t_s,rate_rps,active_clients", "m,0,10,2", "m,600,30,2", "n,0,5,1"].join("\n");
const CLIENTS = ["model,client,t_s,rate_rps,interarrival_cv", "m,7,0,6,1", "m,7,600,6,3"].join(
  "\n",
);
const LENGTHS = [
  "model,client,t_s,field,mean,p05,p25,p50,p75,p90,p95,p99",
  "m,7,0,in,100,80,90,100,110,120,130,140",
  "m,7,0,out,50,40,45,50,55,60,65,70",
].join("\n");
const TABLES = { rates: RATES, clients: CLIENTS, lengths: LENGTHS };
const ASK = { model: "m", fromMs: 0, toMs: 1_200_000, rate: 20, seed: 1 };

it("draws calls at the wished rate, as they are spread over time, with the lengths of the tables", () => {
  const { at, prompt, output, client } = drawServeGen(TABLES, ASK);
  // 20 a second for 20 minutes; a quarter of them in the first half.
  expect(at.length).toBeGreaterThan(24_000 * 0.95);
  expect(at.length).toBeLessThan(24_000 * 1.05);
  const early = at.filter((time) => time < 600_000).length / at.length;
  expect(early).toBeCloseTo(0.25, 1);
  expect(prompt.every((tokens) => tokens >= 40 && tokens <= 168)).toBe(true);
  expect(output.every((tokens) => tokens >= 20 && tokens <= 84)).toBe(true);
  expect(new Set(client).size).toBe(2);
  expect(at.every((time, index) => time >= (at[index - 1] ?? 0))).toBe(true);
});

it("draws the same from the same seed, and else another", () => {
  expect(drawServeGen(TABLES, ASK)).toEqual(drawServeGen(TABLES, ASK));
  expect(drawServeGen(TABLES, { ...ASK, seed: 2 }).at).not.toEqual(drawServeGen(TABLES, ASK).at);
});

it("says what the tables do not have", () => {
  expect(() => drawServeGen(TABLES, { ...ASK, model: "x" })).toThrow('no model "x"');
  expect(() => drawServeGen(TABLES, { ...ASK, model: "n" })).toThrow('no lengths of a model "n"');
});

it.each([0.1, 0.5, 1, 4])("draws gamma gaps of mean 1 and the wished spread, shape %d", (shape) => {
  const random = seeded(3);
  const gaps = Array.from({ length: 40_000 }, () => gamma(shape, random));
  const mean = gaps.reduce((all, gap) => all + gap, 0) / gaps.length;
  const variance = gaps.reduce((all, gap) => all + (gap - mean) ** 2, 0) / gaps.length;
  expect(Math.abs(mean - 1)).toBeLessThan(0.1);
  expect(Math.abs(variance * shape - 1)).toBeLessThan(0.15);
});
