import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../src/config/load.ts";

/** What the guide tells people to write must be what Weir takes; what it points at must be there. */

const ROOT = join(import.meta.dirname, "..");
const pages = [...globSync("docs/**/*.md", { cwd: ROOT }), "README.md", "ARCHITECTURE.md"];
const read = (page: string) => readFileSync(join(ROOT, page), "utf8");

/** Blocks of YAML that name themselves a weir.yaml. */
const configs = pages.flatMap((page) =>
  Array.from(read(page).matchAll(/^```yaml\n(# (?:lab\/)?weir\.yaml[\s\S]*?)^```/gm)).map(
    ([, yaml = ""], place) => ({ page, place: place + 1, yaml }),
  ),
);

it.each(configs)("$page, configuration $place, is sound", ({ page, yaml }) => {
  expect(() => parseConfig(yaml, page)).not.toThrow();
});

it("prints the ten lines of LangSmith as they are run", () => {
  const [, lines] = /^```js\n\/\/ ten-lines\.mjs\n([\s\S]*?)^```/m.exec(read("README.md")) ?? [];
  expect(lines).toBe(read("examples/langsmith/ten-lines.mjs"));
});

describe.each(pages)("%s", (page) => {
  it("links to files that are there", () => {
    const prose = read(page).replaceAll(/^```[\s\S]*?^```/gm, "");
    const links = Array.from(prose.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)).map(
      ([, link = ""]) => link,
    );
    const missing = links.filter((link) => !existsSync(join(ROOT, dirname(page), link)));
    expect(missing).toEqual([]);
  });

  it("names examples that are there", () => {
    const names = Array.from(read(page).matchAll(/npm run example -- ([\w-]+)/g)).map(
      ([, name = ""]) => name,
    );
    expect(names.filter((name) => !existsSync(join(ROOT, "examples", name, "main.ts")))).toEqual(
      [],
    );
  });
});
