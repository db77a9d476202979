import { expect, it } from "vitest";
import { SCOPES, bothAllow, checkModel, covers, mayUse, roleOf } from "./access.ts";
import type { Caller } from "./call.ts";

const caller = (models?: readonly string[]): Caller => ({
  keyId: "k",
  keyName: "app",
  scopes: ["inference"],
  ...(models && { models }),
});

it("lets admins do all, operators what viewers do and more, and inference and traces only that", () => {
  expect(
    SCOPES.map((scope) => [scope, SCOPES.filter((wanted) => covers([scope], wanted))]),
  ).toEqual([
    ["viewer", ["viewer"]],
    ["operator", ["viewer", "operator"]],
    ["admin", ["viewer", "operator", "admin", "inference", "traces"]],
    ["inference", ["inference"]],
    ["traces", ["traces"]],
  ]);
  expect(roleOf(["inference", "operator"])).toBe("operator");
  expect(roleOf(["inference", "traces"])).toBeUndefined();
});

it.each<[readonly string[] | undefined, string, boolean]>([
  [undefined, "chat", true],
  [[], "chat", false],
  [["chat"], "chat", true],
  [["chat"], "chat-2", false],
  [["gpt-*"], "gpt-5", true],
  [["gpt-*"], "gpt", false],
  [["*"], "anything/at:all", true],
  [["a", "b*"], "b", true],
])("with the list %j, may use %s: %s", (models, model, may) => {
  expect(mayUse(caller(models), model)).toBe(may);
});

it("names what a key may use when it asks for something else", () => {
  expect(() => checkModel(caller(["chat", "gpt-*"]), "claude")).toThrow(
    /may not use the model "claude". It may use only: chat, gpt-\*/,
  );
  expect(() => checkModel(caller([]), "claude")).toThrow(/no model at all/);
});

it.each<[readonly string[] | null, readonly string[] | null, readonly string[] | null]>([
  [null, null, null],
  [["a"], null, ["a"]],
  [null, ["a"], ["a"]],
  [["a", "b"], ["b", "c"], ["b"]],
  [["gpt-*"], ["gpt-5", "chat"], ["gpt-5"]],
  [["gpt-5*"], ["gpt-*"], ["gpt-5*"]],
  [["*"], ["a*"], ["a*"]],
  [["a"], ["b"], []],
])("both of %j and %j allow %j", (one, other, both) => {
  expect(bothAllow(one, other)).toEqual(both);
});
