import { expect, it } from "vitest";
import { LiveList } from "./live-list.ts";

const member = (name: string) => ({ name, place: -1 });

it("knows who is there, whoever leaves first", () => {
  const list = new LiveList<ReturnType<typeof member>>();
  const [a, b, c] = [member("a"), member("b"), member("c")];
  for (const one of [a, b, c]) list.add(one);
  list.remove(a);
  list.remove(a);
  expect(new Set(list.all().map(({ name }) => name))).toEqual(new Set(["b", "c"]));
  list.remove(c);
  list.add(a);
  list.remove(b);
  expect([list.size, list.all()]).toEqual([1, [a]]);
  expect([a.place, b.place, c.place]).toEqual([0, -1, -1]);
});
