import { expect, it } from "vitest";
import type { Outage } from "../core/target-news.ts";
import type { Catalogue, CatalogueTarget } from "./catalogue.ts";
import { createRouter } from "./gateway/routing/router.ts";
import { createSteering } from "./steering.ts";

const target = (identity: string) => ({ identity, provider: {} }) as CatalogueTarget; // looks no further

/** One process with two models, which share a target. */
function setUp(process = "here") {
  const time = { now: 1_000, monotonic: 0 };
  const shared = target("shared");
  const models: Record<string, CatalogueTarget[]> = { one: [shared, target("own")], two: [shared] };
  const router = createRouter({
    now: () => time.monotonic,
    random: () => 0.5,
    later: () => () => undefined,
  });
  const catalogue: Pick<Catalogue, "names" | "targets"> = {
    names: () => Object.keys(models),
    targets: (name) => models[name] ?? [],
  };
  const now = () => time.now;
  const monotonic = () => time.monotonic;
  const steering = createSteering({ catalogue, router, process, now, monotonic });
  const breaker = () => router.stateOf(shared).breaker.state(time.monotonic);
  const fail = () => {
    for (let count = 0; count < 3; count++) router.probed(shared, false);
  };
  return { time, shared, models, router, steering, breaker, fail };
}

it("takes out what an operator decides here or elsewhere, and nothing else", () => {
  const { steering, router, shared, models } = setUp();
  steering.drain(shared, true);
  expect(router.stateOf(shared).isDrained).toBe(true);
  expect(router.stateOf(models["one"]?.[1] ?? shared).isDrained).toBe(false);
  steering.take([{ identity: "shared", isDrained: false, at: 2_000 }]);
  expect(router.stateOf(shared).isDrained).toBe(false);
});

it("goes by the later decision, however they arrive", () => {
  const { steering, router, shared } = setUp();
  const drained = { identity: "shared", isDrained: true, at: 5_000 };
  const enabled = { identity: "shared", isDrained: false, at: 6_000 };
  steering.take([enabled]);
  steering.take([drained]);
  expect(router.stateOf(shared).isDrained).toBe(false);
  expect(steering.decisions()).toEqual([enabled]);
});

it("decides later than what it knows, also with a clock that is behind", () => {
  const { steering, shared } = setUp();
  steering.take([{ identity: "shared", isDrained: true, at: 9_000 }]);
  steering.drain(shared, false);
  expect(steering.decisions()).toEqual([{ identity: "shared", isDrained: false, at: 9_001 }]);
});

it("comes to one end where two decide at the same moment", () => {
  const [one, other] = [setUp(), setUp()];
  one.steering.drain(one.shared, true);
  other.steering.drain(other.shared, false);
  one.steering.take(other.steering.decisions());
  other.steering.take(one.steering.decisions());
  expect(one.steering.decisions()).toEqual(other.steering.decisions());
});

it("tells followers what is new, once", () => {
  const { steering, shared } = setUp();
  const said: unknown[] = [];
  steering.follow({
    decided: ({ isDrained }) => said.push(isDrained),
    probed: (identity, isSound) => said.push([identity, isSound]),
  });
  steering.drain(shared, true);
  steering.take(steering.decisions());
  steering.probed(shared, false);
  steering.probedElsewhere("shared", false);
  expect(said).toEqual([true, ["shared", false]]);
});

it("brings a decision to a target that comes later", () => {
  const { steering, router, models } = setUp();
  steering.take([{ identity: "new", isDrained: true, at: 1 }]);
  const added = target("new");
  models["two"] = [added];
  steering.refresh();
  expect(router.stateOf(added).isDrained).toBe(true);
});

it("spares what others saw fail, and tells it on to all but them", () => {
  const [here, there] = [setUp("here"), setUp("there")];
  there.fail();
  const told = there.steering.outages();
  expect(told).toEqual([{ identity: "shared", opening: "there/1", forMs: 5_000 }]);
  here.steering.hear("there", told);
  expect(here.breaker()).toBe("open");
  here.time.monotonic = 1_000;
  expect(here.steering.outages("there")).toEqual([]);
  expect(here.steering.outages("third")).toEqual([
    { identity: "shared", opening: "there/1", forMs: 4_000 },
  ] satisfies Outage[]);
});

it("is over when nobody tells of it any more, whoever else told of it", () => {
  const { steering, breaker } = setUp();
  const outage = (opening: string) => ({ identity: "shared", opening, forMs: 5_000 });
  steering.hear("a", [outage("a/1")]);
  steering.hear("b", [outage("b/1")]);
  steering.hear("a", []);
  expect(breaker()).toBe("open");
  steering.hear("b", []);
  expect(breaker()).toBe("closed");
});

it("does not keep hearsay alive between two", () => {
  const [one, two, three] = [setUp("one"), setUp("two"), setUp("three")];
  three.fail();
  one.steering.hear("three", three.steering.outages());
  two.steering.hear("three", three.steering.outages());
  one.steering.hear("two", two.steering.outages("three"));
  two.steering.hear("one", one.steering.outages("three"));
  one.steering.hear("three", []);
  two.steering.hear("three", []);
  expect([one.breaker(), two.breaker()]).toEqual(["closed", "closed"]);
});
