import { expect, it } from "vitest";
import type { RunFilter } from "../../core/run-query.ts";
import { filterOf } from "./filter-language.ts";

const AT = Date.UTC(2026, 10, 23, 10, 37, 18);

it.each<[text: string, filter: RunFilter]>([
  ['eq(name, "x")', { op: "eq", field: "name", value: "x" }],
  ["eq(run_type, 'LLM')", { op: "eq", field: "type", value: "llm" }],
  ['gt(latency, "5s")', { op: "gt", field: "latency", value: 5 }],
  ['lt(latency, "200ms")', { op: "lt", field: "latency", value: 0.2 }],
  ["gte(latency, 1.5)", { op: "gte", field: "latency", value: 1.5 }],
  ["gt(total_tokens, 100)", { op: "gt", field: "totalTokens", value: 100 }],
  ['lte(total_cost, "0.5")', { op: "lte", field: "costDollars", value: 0.5 }],
  ['gt(start_time, "2026-11-23T10:37:18Z")', { op: "gt", field: "startTime", value: AT }],
  ['has(tags, "a")', { op: "tag", value: "a" }],
  ['neq(tags, "a")', { op: "not", of: { op: "tag", value: "a" } }],
  [
    'in(tags, ["a", "b"])',
    {
      op: "or",
      of: [
        { op: "tag", value: "a" },
        { op: "tag", value: "b" },
      ],
    },
  ],
  ['search("red fox")', { op: "search", text: "red fox" }],
  ['like(name, "%chain%")', { op: "like", field: "name", value: "%chain%" }],
  ['in(name, ["a", "b"])', { op: "in", field: "name", values: ["a", "b"] }],
  ["neq(error, null)", { op: "neq", field: "error", value: null }],
  ["eq(error, true)", { op: "neq", field: "error", value: null }],
  ["eq(error, False)", { op: "eq", field: "error", value: null }],
  ["eq(is_root, true)", { op: "eq", field: "parentId", value: null }],
  ['eq(status, "success")', { op: "eq", field: "status", value: "success" }],
  ['eq(status, "error")', { op: "in", field: "status", values: ["error", "blocked", "canceled"] }],
  ['not(eq(name, "x"))', { op: "not", of: { op: "eq", field: "name", value: "x" } }],
  ['eq(metadata_key, "a")', { op: "metadata", key: "a", cmp: "eq" }],
  [
    'and(eq(metadata_key, "a"), eq(metadata_value, "b"))',
    { op: "metadata", key: "a", cmp: "eq", value: "b" },
  ],
  [
    `and(eq(run_type, "llm"), eq(metadata_key, 'n'), gt(metadata_value, 3), and(eq(feedback_key, "good"), gte(feedback_score, 0.5)))`,
    {
      op: "and",
      of: [
        { op: "eq", field: "type", value: "llm" },
        { op: "metadata", key: "n", cmp: "gt", value: 3 },
        { op: "feedback", key: "good", cmp: "gte", score: 0.5 },
      ],
    },
  ],
  ['eq(feedback_key, "good")', { op: "feedback", key: "good" }],
  [
    `has(metadata, '{"a": "b", "n": 1}')`,
    {
      op: "and",
      of: [
        { op: "metadata", key: "a", cmp: "eq", value: "b" },
        { op: "metadata", key: "n", cmp: "eq", value: 1 },
      ],
    },
  ],
  [' eq( name , "say \\"hi\\"\\n" ) ', { op: "eq", field: "name", value: 'say "hi"\n' }],
  [
    'or(eq(thread_id, "t"), eq(thread_id, 7))',
    {
      op: "or",
      of: [
        { op: "eq", field: "threadId", value: "t" },
        { op: "eq", field: "threadId", value: "7" },
      ],
    },
  ],
])("understands %s", (text, filter) => expect(filterOf(text)).toEqual(filter));

it.each<[text: string, message: RegExp]>([
  ["", /ends where a condition.*\(character 1\)/],
  ["eq(name", /lacks a comma or "\)" \(character 8\)/],
  ['eq(name, "x"))', /should have ended before "\)" \(character 14\)/],
  ['eq(name, "x', /cannot be read from.*\(character 9\)/],
  ['is(name, "x")', /no comparison "is": use eq, neq.*\(character 1\)/],
  ['and(eq(name, "a"), equals(name, "b"))', /"equals".*\(character 20\)/],
  ['eq(nane, "x")', /no field "nane"; there are: id, .*name.*\(character 4\)/],
  ['gt(latency, "soon")', /needs a number of seconds.*latency \(character 4\)/],
  ['gt(start_time, "soon")', /needs a time/],
  ['eq(total_tokens, "many")', /needs a number for total_tokens/],
  ["eq(name)", /eq without a field and a value/],
  ['"just text"', /a value where a condition belongs/],
  ["and()", /an empty and/],
  ["in(name, [])", /an empty list/],
  ['eq(metadata_value, "b")', /metadata_value without metadata_key/],
  ['eq(input_key, "a")', /not kept apart: use search/],
  ['gt(tags, "a")', /cannot compare tags by gt/],
  ['eq(error, "boom")', /like\(error/],
  ['and(eq(feedback_key, "k"), eq(feedback_score, "good"))', /a number for feedback_score/],
  [`${"and(".repeat(50)}eq(name, "x")${")".repeat(50)}`, /nested deeper than 32/],
  [`search("${"x".repeat(30_000)}")`, /longer than 20000 characters/],
  ["eq(name, ]", /"\]" where a value belongs \(character 10\)/],
])("says what is wrong with %s", (text, message) => {
  expect(() => filterOf(text)).toThrow(message);
});

it("names the parameter that the filter came in", () => {
  expect(() => filterOf("x", "tree_filter")).toThrow(/^The tree_filter has a value/);
});
