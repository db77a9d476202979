import { expect, it } from "vitest";
import { FairQueue, type Waiting } from "./fair-queue.ts";

interface Named extends Waiting {
  readonly name: string;
}

const call = (name: string, more: Partial<Waiting> = {}): Named => ({
  name,
  priority: "normal",
  flow: "one",
  tokens: 100,
  lane: "small",
  ...more,
});

function queueOf(...calls: readonly Named[]): FairQueue<Named> {
  const queue = new FairQueue<Named>();
  for (const one of calls) queue.add(one);
  return queue;
}

function drain(queue: FairQueue<Named>, fits: (one: Named) => boolean = () => true): string {
  const names: string[] = [];
  for (let one = queue.take(fits); one; one = queue.take(fits)) names.push(one.name);
  return names.join(" ");
}

it("serves equals in the order in which they came", () => {
  expect(drain(queueOf(call("a"), call("b"), call("c")))).toBe("a b c");
});

it("serves higher priorities first", () => {
  const queue = queueOf(
    call("low", { priority: "low" }),
    call("normal"),
    call("high", { priority: "high" }),
  );
  expect(drain(queue)).toBe("high normal low");
});

it("gives flows turns by what they ask for: who asks for much waits behind its own calls", () => {
  const greedy = Array.from({ length: 4 }, (_, index) => call(`g${index}`, { flow: "greedy" }));
  const queue = queueOf(...greedy, call("m0", { flow: "modest" }), call("m1", { flow: "modest" }));
  expect(drain(queue)).toBe("g0 m0 g1 m1 g2 g3");
});

it("lets a flow with large prompts have fewer turns", () => {
  const heavy = ["h0", "h1", "h2"].map((name) => call(name, { flow: "heavy", tokens: 300 }));
  const light = ["l0", "l1", "l2", "l3"].map((name) => call(name, { flow: "light" }));
  expect(drain(queueOf(...heavy, ...light))).toBe("h0 l0 l1 l2 h1 l3 h2");
});

it("does not hold short prompts up behind a long one that finds no room", () => {
  const queue = queueOf(call("long", { lane: "large", tokens: 12_000 }), call("a"), call("b"));
  expect(drain(queue, ({ lane }) => lane === "small")).toBe("a b");
  expect(queue.size).toBe(1);
});

it("passes those by whose target has no room", () => {
  const queue = queueOf(call("stuck"), call("free"));
  expect(drain(queue, ({ name }) => name === "free")).toBe("free");
});

it("knows who would be served last, and forgets who leaves", () => {
  const low = call("low", { priority: "low" });
  const queue = queueOf(low, call("a"), call("b"));
  expect(queue.last()?.name).toBe("low");
  expect(queue.remove(low)).toBe(true);
  expect(queue.remove(low)).toBe(false);
  expect([queue.last()?.name, queue.size]).toEqual(["b", 2]);
});
