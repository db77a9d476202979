import { expect, it } from "vitest";
import { createRouter } from "./route.ts";

const target = (id: string, weight = 1, fallback = false) => ({ id, weight, fallback });

function setUp(draws: readonly number[] = [0.5]) {
  const clock = { at: 0 };
  let draw = 0;
  const router = createRouter({
    now: () => clock.at,
    random: () => draws[draw++ % draws.length] ?? 0.5,
  });
  return {
    router,
    clock,
    order: (...targets: ReturnType<typeof target>[]) => router.order(targets).map(({ id }) => id),
  };
}

it("keeps fallbacks last", () => {
  const { order } = setUp([0.1, 0.9]);
  expect(order(target("b", 1, true), target("a"))).toEqual(["a", "b"]);
});

it("shares the traffic by weight", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const router = createRouter({ now: () => 0, random });
  const firsts = Array.from(
    { length: 10_000 },
    () => router.order([target("a", 9), target("b", 1)])[0]?.id,
  );
  const share = firsts.filter((id) => id === "a").length / firsts.length;
  expect(share).toBeGreaterThan(0.88);
  expect(share).toBeLessThan(0.92);
});

it("puts a target that failed three times in a row behind the others for five seconds", () => {
  const { router, clock, order } = setUp();
  const both = [target("a"), target("b", 1, true)];
  for (let failure = 0; failure < 3; failure++) router.failed("a");
  expect(order(...both)).toEqual(["b", "a"]);
  clock.at = 5_001;
  expect(order(...both)).toEqual(["a", "b"]);
});

it("forgets failures with a success", () => {
  const { router, order } = setUp();
  router.failed("a");
  router.failed("a");
  router.succeeded("a");
  router.failed("a");
  expect(order(target("a"), target("b", 1, true))).toEqual(["a", "b"]);
});
