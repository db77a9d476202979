import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isRight, readQuestions } from "../../src/serve/quality/questions.ts";
import { weir } from "../support/process.ts";
import { temporaryFolder } from "../support/server.ts";

/** A user's own evaluation set: read, and put to real models. */

const lines = (...all: object[]) => all.map((one) => JSON.stringify(one)).join("\n");

const SET = lines(
  { prompt: "What is Weir?", answer: "typescript" },
  { prompt: "What is the capital of France?", answer: ["Paris", "paris"] },
  { input: [{ role: "user", content: "Hi" }], ideal: "^(Hello|Hi)", match: "regex" },
  { prompt: "Is Weir a fish?", choices: ["Yes", "No"], answer: "No" },
);

async function evaluated(folder: string, ...args: string[]) {
  const asked = weir(["model", ...args], { cwd: folder });
  return { code: await asked.ended, output: asked.output() };
}

function setUp() {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "set.jsonl"), SET);
  return folder;
}

it("reads both ways of writing a question", () => {
  const [first, , third, last] = readQuestions(`${SET}\n\n`);
  expect(first).toMatchObject({
    line: 1,
    messages: [{ role: "user", content: "What is Weir?" }],
    answers: ["typescript"],
    match: "contains",
    maxTokens: 128,
  });
  expect(third).toMatchObject({ line: 3, answers: ["^(Hello|Hi)"], match: "regex" });
  expect(last).toMatchObject({ line: 4, choices: ["Yes", "No"], answers: ["No"] });
});

it.each<[string, string | RegExp]>([
  ["", "has no questions"],
  ["{", "Line 1 of the evaluation set: it is no JSON"],
  [`${SET}\n[]`, "Line 5 of the evaluation set"],
  [lines({ prompt: "a" }), "give an answer (or ideal)"],
  [lines({ answer: "a" }), "give one of prompt, messages and input"],
  [lines({ prompt: "a", input: "b", answer: "a" }), "give one of prompt, messages and input"],
  [lines({ prompt: "a", answer: "b", choices: ["c", "d"] }), "it must be one of choices"],
  [lines({ prompt: "a", answer: "(", match: "regex" }), "no regular expression"],
  [lines({ prompt: "a", answer: "b", maxTokens: 0 }), /Line 1 .*maxTokens: /],
  [lines({ prompt: "a", answer: "b", anwser: "c" }), /Line 1 .*anwser/],
])("says which line is wrong and how: %s", (text, message) => {
  expect(() => readQuestions(text)).toThrow(message);
});

it("judges by what a question says: within, exactly, by a pattern", () => {
  const judge = (match: string, answer: string, said: string) => {
    const [question] = readQuestions(lines({ prompt: "?", answer, match }));
    return question && isRight(question, said);
  };
  expect(judge("contains", "paris", "It is Paris.")).toBe(true);
  expect(judge("exact", "paris", " Paris\n")).toBe(true);
  expect(judge("exact", "paris", "It is Paris.")).toBe(false);
  expect(judge("regex", "^\\d+$", "42")).toBe(true);
  expect(judge("regex", "^\\d+$", "about 42")).toBe(false);
});

it("puts the set to a model, and says which answers are wrong", async () => {
  const folder = setUp();
  const { code, output } = await evaluated(folder, "eval", "demo", "--set", "set.jsonl");
  expect(code).toBe(0);
  expect(output).toMatch(/right +3 of 4 \(75\.0 %\)\nwrong +line 2\n/);
  const json = await evaluated(folder, "eval", "demo", "--set", "set.jsonl", "--json");
  const { answers } = JSON.parse(json.output) as { answers: { line: number; said: string }[] };
  expect(answers[0]?.said).toContain("TypeScript");
  expect(answers[3]).toEqual({ line: 4, said: "No", isRight: true });
});

it("says what a smaller model has lost, and stands beside the rest in a comparison", async () => {
  const folder = setUp();
  await evaluated(folder, "quantize", "demo", "-t", "Q2_K", "--again", "-o", "small.gguf");
  const args = ["--against", "demo", "--set", "set.jsonl"];
  const against = await evaluated(folder, "eval", "small.gguf", ...args);
  expect(against.output).toMatch(/right +\d of 4 .*\noriginal +3 of 4 \(75\.0 %\)/);
  writeFileSync(join(folder, "sample.txt"), "A sentence that models may read. ".repeat(40));
  const table = ["--text", "sample.txt", "--window", "128", "--set", "set.jsonl"];
  const compared = await evaluated(folder, "compare", "demo", "small.gguf", ...table);
  expect(compared.output).toMatch(/same choice +right\n/);
  expect(compared.output).toMatch(/demo\.gguf .*3 of 4 \(75\.0 %\)/);
});

it("refuses a question that the model has no room for, by its line", async () => {
  const folder = setUp();
  const long = { prompt: "word ".repeat(4000), answer: "b" };
  writeFileSync(join(folder, "long.jsonl"), `${SET}\n${lines(long)}`);
  const { code, output } = await evaluated(folder, "eval", "demo", "--set", "long.jsonl");
  expect(code).not.toBe(0);
  expect(output).toMatch(/Line 5 of the evaluation set: \d+ tokens .* more than the model's/);
});
