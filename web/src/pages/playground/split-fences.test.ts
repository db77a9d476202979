import { expect, it } from "vitest";
import { splitFences } from "./split-fences.ts";

it("parts an answer at its fences", () => {
  const answer = "Do this:\n\n```sh\n  npm start\n```\nThen `look`.";
  expect(splitFences(answer)).toEqual([
    { kind: "text", text: "Do this:" },
    { kind: "code", text: "  npm start" },
    { kind: "text", text: "Then `look`." },
  ]);
});

it("lets an open fence of a growing answer reach to the end", () => {
  expect(splitFences("```\nlet a")).toEqual([{ kind: "code", text: "let a" }]);
  expect(splitFences("Text\n```ts")).toEqual([{ kind: "text", text: "Text" }]);
});

it("leaves an answer without code alone", () => {
  expect(splitFences("One.\n\nTwo.")).toEqual([{ kind: "text", text: "One.\n\nTwo." }]);
  expect(splitFences("")).toEqual([]);
});
