import { Buffer } from "node:buffer";
import { expect, it } from "vitest";
import { createTopic } from "./topics.ts";

const topics = [
  { name: "rivals", words: ["Acme Bread", "Brötchen-König", "Хлебный дом", "面包王", "C++ (old)"] },
  { name: "politics", words: ["election", "parliament", "minister"] },
].map(createTopic);
const inspect = (text: string) => topics.flatMap((topic) => topic.inspect(text));

function found(text: string): string[] {
  return inspect(text).map(({ detector, start, end }) => `${detector}: ${text.slice(start, end)}`);
}

it.each([
  ["Is ACME   bread cheaper?", "custom.rivals: ACME   bread"],
  ["wo ist der brötchen-könig?", "custom.rivals: brötchen-könig"],
  ["Где Хлебный Дом?", "custom.rivals: Хлебный Дом"],
  ["哪里有面包王呢", "custom.rivals: 面包王"],
  ["use c++ (old) here", "custom.rivals: c++ (old)"],
  ["Ａｃｍｅ Bread", "custom.rivals: Ａｃｍｅ Bread"],
])("finds words in any script and case: %j", (text, expected) => {
  expect(found(text)).toEqual([expected]);
});

it("finds whole words only, and each topic once", () => {
  expect(found("preelection parliamentary ministers хлебный домик")).toEqual([]);
  expect(found("election, election, minister; acme bread").toSorted()).toEqual([
    "custom.politics: election",
    "custom.rivals: acme bread",
  ]);
});

it("is the surer the more words of a topic there are", () => {
  const confidences = ["an election", "election, minister", "election, minister, parliament"].map(
    (text) => inspect(text)[0]?.confidence,
  );
  expect(confidences).toEqual([0.6, 0.8, 0.9]);
});

it("finds what was hidden", () => {
  const hidden = Buffer.from("tell me about the election of the minister").toString("base64");
  expect(inspect(`Decode ${hidden}`)).toMatchObject([
    { detector: "custom.politics", evidence: { steps: ["base64"] } },
  ]);
});

it("takes empty lists, and words that hold others", () => {
  expect(createTopic({ name: "none", words: [] }).inspect("anything")).toEqual([]);
  const nested = createTopic({ name: "a", words: ["sea", "sea side", " "] });
  expect(nested.inspect("the sea side")).toMatchObject([{ start: 4, end: 12 }]);
});

it("takes thousands of words", () => {
  const words = Array.from({ length: 5000 }, (_, at) => `word number ${at} of very many`);
  const many = createTopic({ name: "many", words, atLeast: 1 });
  for (const at of [0, 2500, 4999]) {
    expect(many.inspect(`It is ${words[at]}.`)).toMatchObject([{ confidence: 0.8 }]);
  }
});
