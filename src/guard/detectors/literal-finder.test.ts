import { expect, it } from "vitest";
import { createLiteralFinder } from "./literal-finder.ts";

function find(literals: readonly string[], text: string): string[] {
  const hits: string[] = [];
  createLiteralFinder(literals).each(text, (literal, start) => {
    hits.push(`${literals[literal]}@${start}`);
  });
  return hits.toSorted();
}

function findSlowly(literals: readonly string[], text: string): string[] {
  return literals
    .flatMap((literal) =>
      Array.from({ length: text.length }, (_, at) => at)
        .filter((at) => text.startsWith(literal, at))
        .map((at) => `${literal}@${at}`),
    )
    .toSorted();
}

it("finds overlapping literals, and those inside others", () => {
  expect(find(["he", "she", "his", "hers"], "ushers")).toEqual(["he@2", "hers@2", "she@1"]);
  expect(find(["aa"], "aaaa")).toEqual(["aa@0", "aa@1", "aa@2"]);
  expect(find(["sk-"], "日sk-本sk-")).toEqual(["sk-@1", "sk-@5"]);
  expect(find(["x"], "")).toEqual([]);
});

it("finds what a plain search finds, on texts made of few letters", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  const word = (most: number) =>
    Array.from({ length: 1 + random(most) }, () => "abé"[random(3)]).join("");
  for (let round = 0; round < 300; round++) {
    const literals = [...new Set(Array.from({ length: 6 }, () => word(4).replaceAll("é", "b")))];
    const text = word(30);
    expect(find(literals, text)).toEqual(findSlowly(literals, text));
  }
});

it("stops when it is told to", () => {
  let hits = 0;
  createLiteralFinder(["a"]).each("aaaa", () => ++hits === 2);
  expect(hits).toBe(2);
});
