import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { missing } from "./support/missing.ts";

/** The guide's labs and the other examples check themselves: here they are only run. */

const EXAMPLES = join(import.meta.dirname, "..", "examples");
const names = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe.concurrent("examples", () => {
  it.for(names)("%s does what it says", { timeout: 120_000 }, async (name, context) => {
    const { status, output } = await run(name);
    const [, what] = /^skipped: (.+)$/m.exec(output) ?? [];
    if (what !== undefined) missing(context, what);
    const { expect } = context;
    expect({ status, output }).toMatchObject({ status: 0 });
  });
});

function run(name: string): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(EXAMPLES, name, "main.ts")]);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    child.once("close", (status) => resolve({ status, output }));
  });
}
