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

const told = (opening: string, forMs = 5_000) => ({ opening, forMs });

it("is spared for what others saw, lets one call probe after the pause, and passes nothing on", () => {
  const breaker = new Breaker();
  breaker.told([told("other/1")], 1_000);
  expect(breaker.state(1_001)).toBe("open");
  expect(breaker.admits(5_999)).toBe(false);
  expect(breaker.seen(1_001)).toBeUndefined();
  expect(breaker.admits(6_000)).toBe(true);
  breaker.started(6_000);
  expect(breaker.admits(6_001)).toBe(false);
});

it("believes its own success more than an outage that it was told of before", () => {
  const breaker = new Breaker();
  breaker.told([told("other/1")], 0);
  breaker.succeeded();
  breaker.told([told("other/1", 4_000)], 1_000);
  expect(breaker.state(1_001)).toBe("closed");
  breaker.told([told("other/1", 3_000), told("third/1", 3_000)], 2_000);
  expect(breaker.state(2_001)).toBe("open");
  breaker.succeeded();
  breaker.told([told("other/1", 1_000)], 4_000);
  breaker.told([told("other/2")], 5_000);
  expect(breaker.state(5_001)).toBe("open");
});

it("closes when nobody tells of an outage any more, but not what it saw itself", () => {
  const heard = new Breaker();
  heard.told([told("other/1")], 0);
  heard.told([], 1_000);
  expect(heard.state(1_001)).toBe("closed");
  const seen = broken(3);
  seen.told([told("other/1", 60_000)], 0);
  seen.told([], 1_000);
  expect(seen.state(1_001)).toBe("open");
  expect(seen.seen(1_001)).toEqual({ count: 1, forMs: 3_999 });
});

it("is spared by hearsay no longer than by a first failure of its own", () => {
  const breaker = new Breaker();
  breaker.told([told("cut-off/7", 60_000)], 0);
  expect(breaker.state(4_999)).toBe("open");
  expect(breaker.state(5_000)).toBe("half-open");
});

it("makes it its own when the probe fails", () => {
  const breaker = new Breaker();
  breaker.told([told("other/1", 0)], 0);
  breaker.started(1);
  breaker.failed(2);
  expect(breaker.seen(2)).toEqual({ count: 1, forMs: 10_000 });
  breaker.told([], 3);
  expect(breaker.state(3)).toBe("open");
});

it("tells of an outage as long as it lasts, also while a call may probe", () => {
  const breaker = broken(3);
  expect(breaker.seen(9_000)).toEqual({ count: 1, forMs: 0 });
  breaker.succeeded();
  expect(breaker.seen(9_001)).toBeUndefined();
});
