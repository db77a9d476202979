import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { leaksOf } from "../detectors/all.ts";
import { createRuleSet } from "./rule-set.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const EVERYTHING = new Set(["secrets", "pii", "payload", "exfiltration"] as const);

/** A text behind a space is looked at place by place, one by itself is swept first. */
function both(rules: ReturnType<typeof createRuleSet>, text: string) {
  return { swept: rules.look(text, true), tried: rules.look(text, true, " ") };
}

function rulesFor(...shapes: string[]) {
  return createRuleSet(
    shapes.map((shape, index) => ({
      name: `custom.${index}`,
      category: "custom",
      confidence: 1,
      shape,
    })),
  );
}

it("finds what looking from every place finds: in the guard's own sources and tests, and in the guides", () => {
  const rules = leaksOf(EVERYTHING);
  expect(rules).toBeDefined();
  if (!rules) return;
  let found = 0;
  for (const pattern of ["src/guard/**/*.ts", "test/guard/**/*.ts", "docs/**/*.md"]) {
    for (const path of globSync(pattern, { cwd: ROOT })) {
      const { swept, tried } = both(rules, readFileSync(join(ROOT, path), "utf8"));
      expect(swept).toEqual(tried);
      found += swept.findings.length;
    }
  }
  expect(found).toBeGreaterThan(200);
});

it("knows counts that it does not tell apart while it sweeps", () => {
  const rules = rulesFor(String.raw`\bkey_[a-z]{7}\b`, String.raw`\d{5,9}x`);
  for (const text of [
    "key_abcdef",
    "a key_abcdefg here",
    "key_abcdefgh",
    "1234x",
    "12345x 7890123456x",
  ]) {
    const { swept, tried } = both(rules, text);
    expect(swept).toEqual(tried);
  }
  expect(rules.look("a key_abcdefg here", true).findings).toMatchObject([{ start: 2, end: 13 }]);
  expect(rules.look("key_abcdefgh", true).findings).toEqual([]);
});

it("knows where words begin: behind an escape in JSON, not behind a hyphen for whole tokens", () => {
  const rules = createRuleSet([
    {
      name: "a",
      category: "custom",
      confidence: 1,
      shape: String.raw`\bmark\d`,
      isWholeToken: true,
    },
    { name: "b", category: "custom", confidence: 1, shape: String.raw`\bsign\d` },
  ]);
  const text = String.raw`mark1 \nmark2 x-mark3 xmark4 sign1 x-sign2 xsign3 \tsign4 \\nmark5`;
  const { swept, tried } = both(rules, text);
  expect(swept).toEqual(tried);
  expect(swept.findings.map(({ start, end }) => text.slice(start, end))).toEqual([
    "mark1",
    "mark2",
    "sign1",
    "sign2",
    "sign4",
    "mark5",
  ]);
});

it("finds the same in texts that lead to ever new states, and in what comes after them", () => {
  const rules = leaksOf(EVERYTHING);
  const key = `sk-proj-${"aB3".repeat(12)}`;
  let state = 1;
  const random = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32;
  const signs = "abcdefXYZ0123456789-_./+= :'\"@";
  for (let round = 0; round < 40; round++) {
    const noise = Array.from({ length: 3000 }, () => signs[Math.floor(random() * signs.length)]);
    const text = `${noise.slice(0, 1500).join("")} ${key} ${noise.slice(1500).join("")}`;
    const swept = rules?.look(text, true);
    expect(swept).toEqual(rules?.look(text, true, " "));
    expect(swept?.findings.map(({ detector }) => detector)).toContain("secrets.openai_key");
  }
});

it("looks everywhere where patterns name too many different characters to sweep", () => {
  const shapes = Array.from({ length: 254 }, (_, n) => String.fromCharCode(0x4e00 + n).repeat(2));
  const rules = rulesFor(...shapes);
  const text = `nothing ${shapes[250]} nothing`;
  expect(rules.look(text, true).findings).toHaveLength(1);
});
