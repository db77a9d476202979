import { expect, it } from "vitest";
import { findNames, namesOf, partsForNames } from "./names.ts";

const found = (text: string, ...names: string[]) =>
  findNames(text, names).map(({ start, end }) => [start, text.slice(start, end)]);

it("finds names as whole words, wherever they stand, and nothing that the text does not say", () => {
  expect(found("Ann met Anna. ANN? Ann's. (Ann)", "Ann", "Bob")).toEqual([
    [0, "Ann"],
    [19, "Ann"],
    [27, "Ann"],
  ]);
  expect(found("山田太郎さんへ", "山田太郎")).toEqual([[0, "山田太郎"]]);
  expect(found("José Ángel and Zoë", "José Ángel", "Zoë", "Jos", " ", "")).toHaveLength(2);
});

it("reads a list, also with words around it, and nothing else", () => {
  expect(namesOf('Here: {"names": ["Ann Lee"]}')).toEqual(["Ann Lee"]);
  expect(() => namesOf("There are none.")).toThrow(/JSON/);
  expect(() => namesOf('{"names": "Ann"}')).toThrow(/expected array/);
});

it("cuts a long text between words, so that no name is lost at a cut", () => {
  const text = Array.from({ length: 3000 }, (_, at) => `word${at}`).join(" ");
  const parts = partsForNames(text);
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(4000);
  for (let at = 0; at < text.length - 40; at += 37) {
    const stretch = text.slice(at, at + 40);
    expect(parts.some((part) => part.includes(stretch))).toBe(true);
  }
  expect(partsForNames("x".repeat(9000)).join("").length).toBeGreaterThanOrEqual(9000);
  expect(partsForNames("4711 - 12")).toEqual([]);
});
