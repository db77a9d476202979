import { expect, it } from "vitest";
import { readTrace } from "./trace-file.ts";
import { cut, times, together } from "./trace.ts";

const HEAD = "t_ms,input_tokens,output_tokens";

it("reads times from the first call on, in any order, and passes over other columns", () => {
  const trace = readTrace(
    "model,output_tokens,t_ms,input_tokens\r\na,5,1500,70\r\na,6,500,80\r\n",
    "day.csv.gz",
  );
  expect(trace).toMatchObject({ name: "day", spanMs: 1001 });
  expect([...trace.at]).toEqual([0, 1000]);
  expect([...trace.prompt]).toEqual([80, 70]);
  expect([...trace.output]).toEqual([6, 5]);
});

it("reads blocks of prompts, single ones and runs", () => {
  const trace = readTrace(`${HEAD},prefix_blocks\n0,2000,5,0-2 7\n5,10,1,\n`, "a.csv");
  expect(trace.blocks).toEqual([[0, 1, 2, 7], []]);
});

it.each([
  ["", "a.csv:1: the header names no t_ms and no input_tokens and no output_tokens"],
  ["t_ms,output_tokens\n1,2", "a.csv:1: the header names no input_tokens"],
  [HEAD, "a.csv: no call stands in it, only the header"],
  [`${HEAD}\n0,5,5\n7,x,5`, 'a.csv:3: input_tokens is "x"'],
  [`${HEAD}\n0,5,5\n\n7,5`, 'a.csv:4: output_tokens is ""'],
  [`${HEAD}\n-1,5,5`, 'a.csv:2: t_ms is "-1"'],
  [`${HEAD}\n0,NaN,5`, 'a.csv:2: input_tokens is "NaN"'],
  [`${HEAD}\n0,1e99,5`, 'a.csv:2: input_tokens is "1e99"'],
  [`${HEAD},prefix_blocks\n0,5,5,9-3`, 'a.csv:2: prefix_blocks has "9-3"'],
  [`${HEAD},prefix_blocks\n0,5,5,0-99999999`, 'a.csv:2: prefix_blocks has "0-99999999"'],
])("says where a file is wrong: %j", (text, message) => {
  expect(() => readTrace(text, "a.csv")).toThrow(message);
});

it("multiplies, cuts and joins traces without their copies having a prompt in common", () => {
  const trace = readTrace(`${HEAD},prefix_blocks\n0,600,5,0\n900,600,5,0-1\n`, "a.csv");
  const twice = times(trace, 2);
  expect(twice.at).toHaveLength(4);
  expect(new Set(twice.blocks?.map(([first]) => first)).size).toBe(2);
  expect([...cut(trace, 500, 1000).at]).toEqual([400]);
  const both = together("both", trace, trace, 100);
  expect([...both.at]).toEqual([0, 100, 900, 1000]);
  expect(both.spanMs).toBe(1001);
  expect(both.blocks?.map(([first]) => first)).toEqual([0, 2, 0, 2]);
});
