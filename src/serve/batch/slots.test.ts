import { expect, it } from "vitest";
import { Slots } from "./slots.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

it("lets so many in, and the others one by one, in their order", async () => {
  const slots = new Slots(() => 2);
  const entered: number[] = [];
  for (let number = 0; number < 5; number += 1) {
    void slots.take().then(() => entered.push(number));
  }
  await settled();
  expect(entered).toEqual([0, 1]);
  slots.release();
  await settled();
  expect(entered).toEqual([0, 1, 2]);
  slots.release();
  slots.release();
  await settled();
  expect(entered).toEqual([0, 1, 2, 3, 4]);
});

it("follows a size that changes", async () => {
  let size = 1;
  const slots = new Slots(() => size);
  const entered: number[] = [];
  for (let number = 0; number < 4; number += 1) {
    void slots.take().then(() => entered.push(number));
  }
  size = 3;
  await settled();
  slots.release();
  await settled();
  expect(entered).toEqual([0, 1, 2, 3]);
  size = 1;
  slots.release();
  slots.release();
  let isIn = false;
  void slots.take().then(() => (isIn = true));
  await settled();
  expect(isIn).toBe(false);
  slots.release();
  await settled();
  expect(isIn).toBe(true);
});
