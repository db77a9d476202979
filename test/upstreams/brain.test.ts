import { expect, it } from "vitest";
import { PLAIN_ASK, fragmentsOf, textOf, think } from "../../src/cli/mock/brain.ts";
import { sampleOf } from "../../src/cli/mock/schema-sample.ts";

const HABITS = { tokens: 4, reply: undefined };

it("cuts at a stop sequence even where it spans tokens, and at the length", () => {
  const stopped = think({ ...PLAIN_ASK, stop: ["0 wo"] }, HABITS);
  expect(stopped).toMatchObject({ pieces: ["word"], stopped: "0 wo", finish: "stop" });
  const cut = think({ ...PLAIN_ASK, maxTokens: 2 }, HABITS);
  expect({ text: textOf(cut), finish: cut.finish }).toEqual({
    text: "word0 word1",
    finish: "length",
  });
});

it("fragments a text without loss, never inside a character", () => {
  const text = 'a "quoted" Zürich ☕ 🇨🇭'.repeat(3);
  const parts = fragmentsOf(text);
  expect(parts.join("")).toBe(text);
  expect(parts.every((part) => part.isWellFormed())).toBe(true);
  expect(parts.length).toBeGreaterThan(10);
});

it.each([
  [{ type: "string", enum: ["a", "b"] }, "a"],
  [{ const: 3 }, 3],
  [{ type: ["null", "integer"], minimum: 10 }, 10],
  [{ type: "number", exclusiveMaximum: 1, multipleOf: 0.25 }, 0.75],
  [{ anyOf: [{ type: "null" }, { type: "boolean" }] }, true],
  [{ type: "array", minItems: 2, items: { type: "integer" } }, [7, 7]],
  [{ type: "array", prefixItems: [{ type: "boolean" }, { type: "null" }] }, [true, null]],
  [{ type: "string", format: "date" }, "2026-01-31"],
  [{ type: "string", minLength: 14, maxLength: 14 }, 'Zürich "HB" ☕x'],
  [
    { allOf: [{ properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] },
    { a: 1, b: 2 },
  ],
  [{ $ref: "#/$defs/n", $defs: { n: { type: "integer" } } }, 7],
  [{ type: "OBJECT", properties: { a: { type: "BOOLEAN" } } }, { a: true }],
  [{}, 'Zürich "HB" ☕'],
])("samples %j", (schema, sample) => {
  expect(sampleOf(schema)).toEqual(sample);
});

it("ends a schema that contains itself", () => {
  const node = { type: "object", properties: { next: { $ref: "#" }, value: { type: "integer" } } };
  expect(JSON.stringify(sampleOf(node)).length).toBeLessThan(200);
  const required = { ...node, required: ["next", "value"] };
  expect(sampleOf(required)).toMatchObject({ next: { next: { value: 7 } } });
});
