import { expect, it } from "vitest";
import { FinishHeap } from "./finish-heap.ts";
import { seeded } from "./random.ts";

it("gives out whoever ends first, and puts out whoever came last, in any order", () => {
  const random = seeded(11);
  const heap = new FinishHeap();
  let inside: { readonly position: number; readonly call: number }[] = [];
  const got: unknown[] = [];
  const expected: unknown[] = [];
  for (let call = 0; call < 3000; call++) {
    const position = Math.floor(random() * 500);
    heap.add(position, call);
    inside.push({ position, call });
    const draw = random();
    if (draw < 0.5) {
      got.push(heap.firstPosition);
      expected.push(Math.min(...inside.map((one) => one.position)));
      const taken = heap.takeFirst();
      got.push(inside.find((one) => one.call === taken)?.position);
      expected.push(expected.at(-1));
      inside = inside.filter((one) => one.call !== taken);
    } else if (draw < 0.7) {
      got.push(heap.takeYoungest());
      expected.push(inside.pop());
    }
    got.push(heap.size);
    expected.push(inside.length);
  }
  expect(got).toEqual(expected);
});

it("has nobody at the beginning", () => {
  const heap = new FinishHeap();
  expect(heap.firstPosition).toBe(Infinity);
  expect(() => heap.takeYoungest()).toThrow("nobody runs");
});
