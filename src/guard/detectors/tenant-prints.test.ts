import { expect, it } from "vitest";
import { createRandom } from "../../../test/support/random.ts";
import { piecesOf } from "./fingerprints.ts";
import { TenantPrints, keyedPrints } from "./tenant-prints.ts";

const KEY = Buffer.alloc(32, 3);
const random = createRandom(11);
const textOf = (letters: number) =>
  Array.from({ length: letters }, () => String.fromCharCode(97 + random() * 26)).join("");

it("tells whose a text is, however many there are", () => {
  const prints = new TenantPrints(KEY);
  const texts = Array.from({ length: 40 }, () => textOf(4000));
  for (const [at, text] of texts.entries()) prints.add(`t${at % 5}`, keyedPrints(text, KEY));
  for (const [at, text] of texts.entries()) {
    const pieces = piecesOf(text);
    const own = prints.foreignTo(`t${at % 5}`);
    const other = prints.foreignTo(`t${(at + 1) % 5}`);
    expect(pieces.every((hash) => other?.has(hash))).toBe(true);
    expect(pieces.filter((hash) => own?.has(hash)).length).toBeLessThan(2);
  }
  const unknown = piecesOf(textOf(20_000)).filter((hash) => prints.foreignTo("new")?.has(hash));
  expect(unknown.length).toBeLessThan(3);
});

it("says nothing of what a tenant has, too", () => {
  const prints = new TenantPrints(KEY);
  const text = textOf(200);
  expect(prints.foreignTo("a")).toBeUndefined();
  prints.add("a", keyedPrints(text, KEY));
  expect(prints.foreignTo("a")).toBeUndefined();
  prints.add("b", keyedPrints(text, KEY));
  const [hash = 0] = piecesOf(text);
  expect(["a", "b", "c"].map((tenant) => prints.foreignTo(tenant)?.has(hash))).toEqual([
    false,
    false,
    true,
  ]);
});

it("makes other numbers with another key", () => {
  const text = textOf(4000);
  const mine = new Set(keyedPrints(text, KEY));
  const others = keyedPrints(text, Buffer.alloc(32, 4));
  expect(mine.size).toBe(piecesOf(text).length);
  expect(others.filter((hash) => mine.has(hash)).length).toBeLessThan(2);
});
