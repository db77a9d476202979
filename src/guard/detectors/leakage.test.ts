import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../test/support/random.ts";
import { createFingerprints } from "./fingerprints.ts";
import { type LeakageSources, openLeakageWatch } from "./leakage.ts";

const PROMPT = `You are Mira, the assistant of the Harbour Bakery. Answer in a friendly tone and in short sentences.
Never speak about the prices of other bakeries. If a customer is angry, offer a free croissant with the code FREUDE and write the case down.
Orders of more than forty loaves go to the owner, whose name you must not tell. Close each answer with a wish for the day.`;
const TOOLS = [
  {
    name: "write_case_down",
    description:
      "Writes an unhappy customer's case into the book of cases, which only the owner of the bakery reads on Friday evening.",
    parameters: {
      type: "object",
      additionalProperties: false,
      required: ["mood"],
      properties: {
        mood: {
          type: "string",
          description:
            "How unhappy the customer was when the talk began, from one to five croissants.",
        },
      },
    },
  },
];
const CANARY = "weir-7f3ka92mzq4w";

function found(
  answer: string,
  sources: LeakageSources = { systemPrompt: PROMPT, tools: TOOLS, canaries: [CANARY] },
): string[] {
  const random = createRandom(answer.length);
  const watch = openLeakageWatch(sources);
  const findings = [];
  for (let at = 0; at < answer.length;) {
    const length = 1 + Math.floor(random() * 6);
    findings.push(...(watch?.push(answer.slice(at, at + length)) ?? []));
    at += length;
  }
  findings.push(...(watch?.end() ?? []));
  for (const { start, end } of findings) {
    expect(start).toBeGreaterThanOrEqual(0);
    expect(end).toBeGreaterThan(start);
    expect(end).toBeLessThanOrEqual(answer.length);
  }
  return findings.map(({ detector }) => detector);
}

const reversed = (text: string) => Array.from(text).toReversed().join("");
const rot13 = (text: string) =>
  text.replaceAll(/[a-z]/gi, (letter) => {
    const code = letter.charCodeAt(0);
    return String.fromCharCode(code + ((code | 32) < 110 ? 13 : -13));
  });

describe("a system prompt that is read out", () => {
  const ways: [string, (text: string) => string][] = [
    ["as it is", (text) => text],
    ["in capitals, quoted line by line", (text) => text.toUpperCase().replaceAll("\n", "\n> ")],
    ["with a mark between words", (text) => text.replaceAll(" ", " * ")],
    ["letter by letter", (text) => Array.from(text).join(" ")],
    ["in base64", (text) => Buffer.from(text).toString("base64")],
    [
      "in base64 of short lines",
      (text) => Buffer.from(text).toString("base64").replaceAll(/.{76}/g, "$&\n"),
    ],
    ["in hex", (text) => Buffer.from(text).toString("hex")],
    ["in ROT13", rot13],
    ["back to front", reversed],
    ["each word back to front", (text) => text.split(" ").map(reversed).join(" ")],
    ["in percent signs", (text) => encodeURIComponent(text)],
    ["in base64 of ROT13", (text) => Buffer.from(rot13(text)).toString("base64")],
  ];

  it.each(ways)("is found: %s", (_, turn) => {
    expect(found(`Of course, here it is:\n${turn(PROMPT)}\nAnything else?`)).toContain(
      "leakage.system_prompt",
    );
  });

  it("is found from its middle on, among other words", () => {
    const sentences = PROMPT.split(". ");
    expect(found(`Well. ${sentences.slice(2).join(", my friend. ")}`)).toContain(
      "leakage.system_prompt",
    );
  });

  it("is found once", () => {
    expect(found(PROMPT.repeat(3))).toEqual(["leakage.system_prompt"]);
  });
});

it("finds what tools say of themselves, not the words of JSON Schema", () => {
  expect(found(JSON.stringify(TOOLS))).toEqual(["leakage.tool_schema"]);
  const other = {
    type: "object",
    additionalProperties: false,
    required: ["mood"],
    properties: { mood: { type: "string", description: "" } },
  };
  expect(found(JSON.stringify([other, other, other, other]))).toEqual([]);
});

it("lets an answer use a sentence of its prompt, however often", () => {
  expect(
    found(
      "If a customer is angry, offer a free croissant with the code FREUDE. Good day! ".repeat(20),
    ),
  ).toEqual([]);
  expect(
    found("I answer in a friendly tone and in short sentences, and close with a wish for the day."),
  ).toEqual([]);
  expect(found("Harbour Bakery sells bread. ".repeat(50))).toEqual([]);
});

it("has nothing to find where the user wrote the same", () => {
  expect(found(PROMPT, { systemPrompt: PROMPT, known: [`Correct this: ${PROMPT}`] })).toEqual([]);
});

describe("a canary", () => {
  const ways: [string, string][] = [
    ["as it is", CANARY],
    ["in capitals", CANARY.toUpperCase()],
    ["letter by letter", Array.from(CANARY).join(" - ")],
    ["back to front", reversed(CANARY)],
    ["in ROT13", rot13(CANARY)],
    ["in hex", Buffer.from(CANARY).toString("hex")],
    ["in spaced hex", Buffer.from(CANARY).toString("hex").replaceAll(/../g, "$& ")],
    [
      "as escapes",
      Buffer.from(CANARY)
        .toString("hex")
        .replaceAll(/../g, String.raw`\x$&`),
    ],
    ["as character codes", Array.from(Buffer.from(CANARY)).join(", ")],
    ["in base64 with more", Buffer.from(`the mark is ${CANARY}!`).toString("base64")],
    ["in base64", Buffer.from(CANARY).toString("base64")],
    ["in percent signs", Buffer.from(CANARY).toString("hex").replaceAll(/../g, "%$&")],
  ];

  it.each(ways)("is found: %s", (_, spelled) => {
    expect(found(`It is ${spelled} indeed`, { canaries: [CANARY] })).toContain("leakage.canary");
  });

  it("is not found where only a part of it is, and may not be short", () => {
    expect(found("weir-7f3ka92 and mzq4w", { canaries: [CANARY] })).toEqual([]);
    expect(() => openLeakageWatch({ canaries: ["weir-7"] })).toThrow(RangeError);
  });
});

it("finds long passages of listed texts", () => {
  const random = createRandom(3);
  const word = () => Math.floor(random() * 36 ** 5).toString(36);
  const lines = Array.from({ length: 60 }, () => Array.from({ length: 10 }, word).join(" "));
  const listed = [{ name: "tenant_text", prints: createFingerprints([lines.join("\n")]) }];
  expect(found(lines.slice(20, 28).join("\n"), { listed })).toEqual(["leakage.tenant_text"]);
  expect(found(lines.slice(20, 24).join("\n"), { listed })).toEqual([]);
});

it("watches nothing where there is nothing to give away", () => {
  expect(openLeakageWatch({ systemPrompt: "Be brief." })).toBeUndefined();
  expect(openLeakageWatch({})).toBeUndefined();
});
