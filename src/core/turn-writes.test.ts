import { expect, it } from "vitest";
import { beforeWrites, flushWrites, writeAtTurnEnd } from "./turn-writes.ts";

function sink(more: { destroyed?: boolean; writableNeedDrain?: boolean } = {}) {
  const written: string[] = [];
  return {
    written,
    destroyed: false,
    writableNeedDrain: false,
    ...more,
    write(text: string) {
      written.push(text);
      return true;
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("writes in order, at the end of the turn", async () => {
  const [a, b] = [sink(), sink()];
  writeAtTurnEnd(a, "1", "latin1");
  writeAtTurnEnd(b, "x", "latin1");
  writeAtTurnEnd(a, "2", "latin1");
  expect(a.written).toEqual([]);
  await turn();
  expect(a.written).toEqual(["1", "2"]);
  expect(b.written).toEqual(["x"]);
});

it("writes at once what something else must follow, and only once", async () => {
  const a = sink();
  writeAtTurnEnd(a, "1", "latin1");
  flushWrites();
  expect(a.written).toEqual(["1"]);
  await turn();
  expect(a.written).toEqual(["1"]);
});

it("writes what is written while it writes", async () => {
  const a = sink();
  const b = { ...sink(), write: () => writeAtTurnEnd(a, "after", "latin1") };
  writeAtTurnEnd(b, "first", "latin1");
  await turn();
  await turn();
  expect(a.written).toEqual(["after"]);
});

it("drops what was meant for a sink that is gone, and says when one is full", async () => {
  const gone = sink({ destroyed: true });
  writeAtTurnEnd(gone, "1", "latin1");
  await turn();
  expect(gone.written).toEqual([]);
  expect(writeAtTurnEnd(sink({ writableNeedDrain: true }), "1", "utf8")).toBe(false);
  flushWrites();
});

it("runs what must come first before it writes, with what that adds, and lets it take a sink away", async () => {
  const [a, gone] = [sink(), sink()];
  writeAtTurnEnd(gone, "request", "latin1");
  beforeWrites(() => {
    expect(gone.written).toEqual([]);
    gone.destroyed = true;
    writeAtTurnEnd(a, "refused", "latin1");
  });
  writeAtTurnEnd(a, "long".repeat(10_000), "latin1");
  expect(a.written).toEqual([]);
  await turn();
  expect(gone.written).toEqual([]);
  expect(a.written).toEqual(["long".repeat(10_000), "refused"]);
});
