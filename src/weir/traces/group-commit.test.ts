import { expect, it } from "vitest";
import { GroupCommit } from "./group-commit.ts";

function setUp(sync: () => void) {
  const planned: (() => void)[] = [];
  return { commit: new GroupCommit(sync, (action) => planned.push(action)), planned };
}

it("answers after the sync, and all who wait by one", async () => {
  const order: string[] = [];
  const { commit, planned } = setUp(() => order.push("sync"));
  const both = [commit.committed(), commit.committed()].map((one) =>
    one.then(() => order.push("answer")),
  );
  await Promise.resolve();
  expect(order).toEqual([]);
  expect(planned).toHaveLength(1);
  planned[0]?.();
  await Promise.all(both);
  expect(order).toEqual(["sync", "answer", "answer"]);
});

it("refuses when the disk did, and tries anew for the next", async () => {
  let isBroken = true;
  const { commit, planned } = setUp(() => {
    if (isBroken) throw new Error("EIO");
  });
  const first = commit.committed();
  planned[0]?.();
  await expect(first).rejects.toThrow("EIO");
  isBroken = false;
  const second = commit.committed();
  planned[1]?.();
  await expect(second).resolves.toBeUndefined();
});
