import { expect, it } from "vitest";
import { explain } from "./explain-finding.ts";

it("explains a detector by its name, else by its family", () => {
  expect(explain("injection.ignore_instructions")).toContain("drop its instructions");
  expect(explain("injection.new_words")).toContain("take over");
  expect(explain("secrets.openai_key")).toContain("key, token or password");
  expect(explain("constructor")).toContain("A detector found something");
});
