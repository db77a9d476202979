import { spawn } from "node:child_process";
import { globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "./support/server.ts";

/**
 * Every page of docs/guide/watch, guard and ship, and those of serve that need no other lab, is done as a reader
 * would: its files are written, its commands run one after the other. A command that fails, or a grep that
 * finds nothing, fails the page.
 */

const ROOT = join(import.meta.dirname, "..");
const pages = globSync("docs/guide/{{watch,guard,ship}/*,serve/{checkpoints,quantization}}.md", {
  cwd: ROOT,
});
const BLOCK = /^```(\w+)\n([\s\S]*?)^```/gm;
/** What a page names its ports: they become free ones. */
const PORTS = ["8090", "9140"];

it.each(pages)("%s does what it says", { timeout: 300_000 }, async (page) => {
  const folder = temporaryFolder();
  const ports = new Map<string, string>();
  for (const port of PORTS) ports.set(port, await freePort());
  const text = readFileSync(join(ROOT, page), "utf8").replaceAll(
    /\b(8090|9140)\b/g,
    (port) => ports.get(port) ?? port,
  );
  const commands: string[] = [];
  for (const [, language, body = ""] of text.matchAll(BLOCK)) {
    const [, name] = /^(?:#|\/\/) ([\w/.-]+\.(?:yaml|mjs))$/m.exec(body.split("\n")[0] ?? "") ?? [];
    if (name !== undefined) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), body);
    } else if (language === "sh") commands.push(body);
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const { code, output } = await runShell(scriptOf(commands, ports.get("8090") ?? ""), folder);
  expect({ code, output }).toMatchObject({ code: 0 });
});

/** Servers go to the background, and what comes next waits for them. */
function scriptOf(commands: readonly string[], port: string): string {
  const ready = `for n in $(seq 200); do curl -sf -o /dev/null http://127.0.0.1:${port}/ready && break; sleep 0.1; done`;
  const served = commands
    .join("\n")
    .replaceAll(/^(.*npx weir serve.*?)( &)?$/gm, (_, command: string) => `${command} &\n${ready}`);
  return [
    "set -eo pipefail",
    // Only what this page started is ended with it.
    "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT",
    `npx() { [ "$1" = weir ] && shift; "${process.execPath}" "${join(ROOT, "bin", "weir.mjs")}" "$@"; }`,
    // In the background it takes its shell's place, so that it ends with it.
    `node() { if [ $BASHPID != $$ ]; then exec "${process.execPath}" "$@"; fi; "${process.execPath}" "$@"; }`,
    served,
  ].join("\n");
}

function runShell(script: string, cwd: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn("bash", ["-c", script], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    child.once("close", (code) => resolve({ code, output: output.slice(-4000) }));
  });
}

function freePort(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(String(port)));
    });
  });
}
