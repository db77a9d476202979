#!/usr/bin/env node
/** `weir`: picks a Node that is new enough, then runs the CLI (built when packed, else the source). */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT, findNode, noNodeMessage, stopWithParent } from "../scripts/runtime.mjs";

const source = join(ROOT, "src", "cli", "main.ts");
const entry = existsSync(source) ? source : join(ROOT, "dist", "cli", "main.js");
const node = findNode();
if (!node) {
  process.stderr.write(`weir: ${noNodeMessage()}\n`);
  process.exit(1);
}

// Below npm's shell a process of its own is needed too: it sees when that shell is gone.
if (node === process.execPath && process.env.npm_command === undefined) {
  process.argv[1] = entry;
  await import(entry);
} else {
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: "inherit" });
  stopWithParent(() => child.kill("SIGTERM"));
  child.once("exit", (code, signal) => process.exit(code ?? (signal ? 143 : 1)));
}
