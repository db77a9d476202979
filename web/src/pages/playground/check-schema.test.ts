import { expect, it } from "vitest";
import { EXAMPLE_SCHEMA, problemsIn, schemaProblem } from "./check-schema.ts";
import { EXAMPLE_TOOLS, parseTools } from "./tools.ts";

const SCHEMA: unknown = JSON.parse(EXAMPLE_SCHEMA);

it("finds what models get wrong in an answer", () => {
  const right = { title: "A", points: ["b"], confidence: 0.5 };
  expect(problemsIn(right, SCHEMA)).toEqual([]);
  expect(problemsIn([], SCHEMA)).toEqual(["the answer is not an object"]);
  expect(problemsIn({ ...right, points: [1], confidence: 2 }, SCHEMA)).toEqual([
    "points[0] is not a string",
    "confidence is above 1",
  ]);
  expect(problemsIn({ title: "A", points: [], extra: 1 }, SCHEMA)).toEqual([
    "the answer lacks confidence",
    "the answer has extra, which the schema does not name",
  ]);
  expect(problemsIn("c", { enum: ["a", "b"] })).toEqual(['the answer is none of "a", "b"']);
  expect(problemsIn(null, { type: ["string", "null"] })).toEqual([]);
  expect(problemsIn("anything", { $ref: "#/elsewhere" })).toEqual([]);
});

it("says what is wrong with a schema or tools as typed", () => {
  expect(schemaProblem(EXAMPLE_SCHEMA)).toBeNull();
  expect(schemaProblem("{")).toBe("This is not valid JSON.");
  expect(schemaProblem("[]")).toBe("A JSON Schema is an object.");
  expect(parseTools(EXAMPLE_TOOLS).tools).toMatchObject([{ name: "get_river_level" }]);
  expect(parseTools('[{"type":"function","name":"flat"}]').tools).toMatchObject([{ name: "flat" }]);
  expect(parseTools("[]").problem).toBe("A JSON array with a tool in it.");
  expect(parseTools('[{"name":"a b"}]').problem).toContain("Tool 1 needs a name");
  expect(parseTools('[{"name":"a"},{"name":"a"}]').problem).toBe("Two tools are called a.");
});
