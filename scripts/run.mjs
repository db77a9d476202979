/**
 * `npm start`, `npm test` and the other npm scripts: installs from the lockfile when needed, picks a
 * Node that is new enough, builds what is stale, and runs. Plain JavaScript in Node 20's syntax,
 * without dependencies: on a fresh clone nothing else is there.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { ROOT, SERVER_FLAGS, findNode, noNodeMessage, stopWithParent } from "./runtime.mjs";

const CACHE = join(ROOT, "node_modules", ".cache", "weir");
const SERVER_BUILT = join(ROOT, "dist", ".built-from");
const WEB_BUILT = join(ROOT, "web", "dist", ".built-from");

const TASKS = {
  start: async (args) => {
    await buildWeb();
    await buildServer();
    await run([...SERVER_FLAGS, "dist/cli/main.js", "serve", ...args]);
  },
  dev: async (args) => {
    await buildWeb();
    await run(["--watch-path=src", "--watch-preserve-output", "src/cli/main.ts", "serve", ...args]);
  },
  weir: (args) => run(["src/cli/main.ts", ...args]),
  build: async () => {
    await buildWeb();
    await buildServer();
  },
  check: async () => {
    await install(join(ROOT, "test"));
    await check();
  },
  test: async (args) => {
    await install(join(ROOT, "test"));
    if (args.length === 0) await check();
    await buildWeb();
    await run([
      bin("vitest", "vitest"),
      "run",
      "--reporter=default",
      "--reporter=./test/support/closing-line.ts",
      ...args,
    ]);
  },
  bench: async (args) => {
    await run(["bench/main.ts", ...args]);
  },
  example: async (args) => {
    await run(["examples/main.ts", ...args]);
  },
  client: async () => {
    await run(["tools/client/generate.ts"]);
    await run([bin("oxfmt", "oxfmt"), "src/client"]);
  },
};

/** The children under way: they end when this process is told to, or loses its own parent. */
const children = new Set();

async function main() {
  const [task = "", ...args] = process.argv.slice(2);
  if (!Object.hasOwn(TASKS, task))
    fail(`unknown task "${task}"; there are: ${Object.keys(TASKS).join(", ")}`);
  await install();
  stopWithParent(() => {
    for (const child of children) child.kill("SIGTERM");
  });
  await TASKS[task](args);
}

async function check() {
  await run([bin("typescript", "tsc"), "-p", "tsconfig.json"], "types");
  await run([bin("typescript", "tsc"), "-p", "web/tsconfig.json"], "types of the dashboard");
  await run([bin("oxlint", "oxlint"), "--type-aware", "--deny-warnings"], "lint");
  await run([bin("oxfmt", "oxfmt"), "--check", "."], "format");
  await run([bin("knip", "knip")], "unused code");
}

/** Installs what a folder's lockfile says when its node_modules is absent or of another lockfile. */
async function install(folder = ROOT) {
  const installed = join(folder, "node_modules", ".weir-installed");
  const wanted = hashFiles([join(folder, "package-lock.json")]);
  if (readIfThere(installed) === wanted) return;
  const what = folder === ROOT ? "what the lockfile names" : "the clients that the tests use";
  note(`Installing ${what} (once; about half a minute)`);
  const npm = process.env.npm_execpath;
  const started = Date.now();
  const ticker = process.stderr.isTTY
    ? setInterval(
        () => process.stderr.write(`\r  ${Math.round((Date.now() - started) / 1000)} s `),
        500,
      )
    : undefined;
  const [command, before] = npm ? [process.execPath, [npm]] : ["npm", []];
  const result = await start(command, [...before, "ci", "--ignore-scripts", "--loglevel=error"], {
    cwd: folder,
    shell: !npm && process.platform === "win32",
  });
  clearInterval(ticker);
  if (ticker) process.stderr.write("\r");
  if (result !== 0)
    fail("npm ci failed; the lines above say why. Check the network and run the command again.");
  writeFileSync(installed, wanted);
  note(`Installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** Compiles the server when its sources differ from those of the last build: it starts faster so, and in less memory. */
async function buildServer() {
  const wanted = hashFiles([
    ...filesBelow(join(ROOT, "src")).filter((path) => !path.endsWith(".test.ts")),
    join(ROOT, "tsconfig.build.json"),
    join(ROOT, "package-lock.json"),
  ]);
  if (readIfThere(SERVER_BUILT) === wanted) return;
  note("Compiling the server");
  rmSync(join(ROOT, "dist"), { recursive: true, force: true });
  await run([bin("typescript", "tsc"), "-p", "tsconfig.build.json"]);
  writeFileSync(SERVER_BUILT, wanted);
}

/** Builds the dashboard when its sources differ from those of the last build. */
async function buildWeb() {
  const web = join(ROOT, "web");
  const wanted = hashFiles([
    ...filesBelow(join(web, "src")),
    ...["index.html", "vite.config.ts", "package.json"].map((name) => join(web, name)),
    join(ROOT, "src", "http", "admin-schemas.ts"),
    ...filesBelow(join(ROOT, "src", "core")),
    join(ROOT, "package-lock.json"),
  ]);
  if (readIfThere(WEB_BUILT) === wanted) return;
  note("Building the dashboard");
  await run([bin("vite", "vite"), "build", "--logLevel", "warn"], undefined, web);
  writeFileSync(WEB_BUILT, wanted);
}

async function run(args, title, cwd = ROOT) {
  const node = findNode();
  if (!node) fail(noNodeMessage());
  mkdirSync(CACHE, { recursive: true });
  if (title) note(title);
  const env = {
    ...process.env,
    PATH: dirname(node) + delimiter + (process.env.PATH ?? ""),
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(CACHE, "compile"),
  };
  const status = await start(node, args, { cwd, env });
  if (status !== 0) process.exit(status);
}

/** Starts a child that shares this terminal; resolves to its exit status, 1 when it has none. */
function start(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: "inherit", ...options });
    children.add(child);
    child.once("error", (error) => {
      children.delete(child);
      note(`cannot start ${command}: ${error.message}`);
      resolve(1);
    });
    child.once("exit", (code, signal) => {
      children.delete(child);
      resolve(code ?? (signal === "SIGINT" || signal === "SIGTERM" ? 143 : 1));
    });
  });
}

function bin(name, command) {
  const folder = [ROOT, join(ROOT, "web")]
    .map((base) => join(base, "node_modules", name))
    .find((path) => existsSync(path));
  if (!folder) fail(`the package ${name} is missing; run: npm ci`);
  const { bin: entry } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, typeof entry === "string" ? entry : entry[command]);
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile())
    .sort();
}

function hashFiles(paths) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(path.slice(ROOT.length)).update(readIfThere(path) ?? "");
  return hash.digest("hex");
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function note(text) {
  process.stderr.write(`${process.stderr.isTTY ? `\u001B[2m${text}\u001B[0m` : text}\n`);
}

function fail(text) {
  process.stderr.write(`weir: ${text}\n`);
  process.exit(1);
}

await main();
