#!/usr/bin/env node
/** `weir`: picks a Node that is new enough, then runs the CLI (built when packed, else the source). */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT, findNode, noNodeMessage } from "../scripts/runtime.mjs";

const source = join(ROOT, "src", "cli", "main.ts");
const entry = existsSync(source) ? source : join(ROOT, "dist", "cli", "main.js");
const node = findNode();
if (!node) {
  process.stderr.write(`weir: ${noNodeMessage()}\n`);
  process.exit(1);
}

if (node === process.execPath) {
  process.argv[1] = entry;
  await import(entry);
} else {
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => undefined);
  child.once("exit", (code, signal) => process.exit(code ?? (signal ? 143 : 1)));
}
