import { expect, it } from "vitest";
import { MOST_TOKENS, Pace } from "./pace.ts";

it("gives a lone prompt full chunks", () => {
  const pace = new Pace(100);
  expect(pace.chunkTokens(0)).toBe(MOST_TOKENS);
  pace.observe(512, { promptTokens: 512, streams: 0 });
  expect(pace.chunkTokens(0)).toBe(MOST_TOKENS);
});

it("sizes a chunk beside running streams so that the step lasts as long as it may", () => {
  const pace = new Pace(100);
  pace.observe(512, { promptTokens: 512, streams: 0 });
  pace.observe(20, { promptTokens: 0, streams: 4 });
  expect(pace.chunkTokens(4)).toBe(80);
});

it("learns when the machine gets slower", () => {
  const pace = new Pace(100);
  pace.observe(100, { promptTokens: 100, streams: 0 });
  for (let round = 0; round < 30; round++) pace.observe(400, { promptTokens: 100, streams: 0 });
  expect(pace.chunkTokens(1)).toBe(25);
});

it("goes on in small pieces where even those take too long", () => {
  const pace = new Pace(100);
  pace.observe(32_000, { promptTokens: 32, streams: 0 });
  expect(pace.chunkTokens(1)).toBe(16);
});

it("learns nothing from a few tokens", () => {
  const pace = new Pace(100);
  pace.observe(50, { promptTokens: 1, streams: 0 });
  expect(pace.chunkTokens(0)).toBe(MOST_TOKENS);
});
