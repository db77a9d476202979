import { expect, it } from "vitest";
import { Breaker } from "./breaker.ts";

function broken(times: number, at = 0): Breaker {
  const breaker = new Breaker();
  for (let failure = 0; failure < times; failure++) breaker.failed(at);
  return breaker;
}

it("opens after three failures in a row, and not after two", () => {
  expect(broken(2).admits(1)).toBe(true);
  expect(broken(3).admits(1)).toBe(false);
  expect(broken(3).state(1)).toBe("open");
});

it("forgets failures with a success", () => {
  const breaker = broken(2);
  breaker.succeeded();
  breaker.failed(0);
  expect(breaker.admits(1)).toBe(true);
});

it("opens when half of the last twenty failed, however mixed", () => {
  const breaker = new Breaker();
  for (let pair = 0; pair < 9; pair++) {
    breaker.failed(0);
    breaker.succeeded();
  }
  breaker.succeeded();
  expect(breaker.state(0)).toBe("closed");
  breaker.failed(0);
  expect(breaker.state(0)).toBe("open");
});

it("lets one attempt probe after its pause, and closes when that succeeds", () => {
  const breaker = broken(3);
  expect(breaker.state(5_000)).toBe("half-open");
  expect(breaker.admits(5_000)).toBe(true);
  breaker.started(5_000);
  expect(breaker.admits(5_000)).toBe(false);
  breaker.succeeded();
  expect(breaker.state(5_001)).toBe("closed");
});

it("doubles its pause with each failed probe, up to a minute", () => {
  const breaker = broken(3);
  let now = 0;
  const pauses = Array.from({ length: 6 }, () => {
    const pause = breaker.admitsFrom(now) - now;
    now += pause;
    breaker.started(now);
    breaker.failed(now);
    return pause;
  });
  expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
});

it("lets the next one probe when a probe was withdrawn", () => {
  const breaker = broken(3);
  breaker.started(5_000);
  breaker.withdrawn();
  expect(breaker.admits(5_000)).toBe(true);
});

it("gives a target the rest that it asked for, and no more than ten minutes", () => {
  const breaker = new Breaker();
  breaker.failed(0, 30_000);
  expect([breaker.admits(29_999), breaker.isResting(29_999)]).toEqual([false, true]);
  expect([breaker.admits(30_000), breaker.state(30_000)]).toEqual([true, "closed"]);
  breaker.failed(30_000, 86_400_000);
  expect(breaker.admits(30_000 + 600_000)).toBe(true);
});
