import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SERVER_FLAGS } from "../../scripts/runtime.mjs";
import { upstreamLocations } from "./upstream-answers.ts";

export interface Contender {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pid: number;
  /** CPU time that its processes have used so far. */
  cpuMicros(): number;
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "..", "..");
const KEY = "wk-bench";

/** nginx as the upstream, on the load generator's core: it answers from memory. */
export async function startUpstream(folder: string): Promise<Contender> {
  const port = await freePort();
  const server = upstreamLocations(folder);
  const nginx = startNginxProcess(folder, { name: "upstream", core: 1, server, port });
  return contender("upstream", port, nginx);
}

/** nginx as a proxy with connections kept open on both sides: the ratio's 1.00. */
export async function startNginx(
  folder: string,
  upstream: string,
  name = "proxy",
): Promise<Contender> {
  const port = await freePort();
  const { host } = new URL(upstream);
  const http = `upstream up { server ${host}; keepalive 128; keepalive_requests 1000000; }`;
  const server = `location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host up; }`;
  return contender("nginx", port, startNginxProcess(folder, { name, core: 0, server, port, http }));
}

export async function startWeir(
  folder: string,
  upstream: string,
  name = "weir",
  { workers = 1 } = {},
): Promise<Contender> {
  const port = await freePort();
  const cwd = join(folder, name);
  const target = "model: up, price: { input: 1 USD, output: 2 USD }";
  mkdirSync(cwd);
  writeFileSync(
    join(cwd, "weir.yaml"),
    `server: { port: ${port}${workers > 1 ? `, workers: ${workers}` : ""} }
models:
  chat: { targets: [{ provider: openai-compatible, url: "${upstream}", ${target} }] }
  claude: { targets: [{ provider: anthropic, url: "${upstream}", ${target} }] }
  gemini: { targets: [{ provider: gemini, url: "${upstream}", ${target} }] }
  chat-stream: { targets: [{ provider: openai-compatible, url: "${upstream}/stream/v1", ${target} }] }
  claude-stream: { targets: [{ provider: anthropic, url: "${upstream}/stream/v1", ${target} }] }
  gemini-stream: { targets: [{ provider: gemini, url: "${upstream}/stream/v1beta", ${target} }] }
limits: { perKey: { requestsPerMinute: 100000000, tokensPerMinute: 100000000000, concurrency: 20000, costPerDay: 1000000 USD } }
`,
  );
  const entry = join(ROOT, "dist", "cli", "main.js");
  if (!existsSync(entry)) throw new Error("Weir is not compiled; run: npm run build");
  const child = onCore(
    0,
    process.execPath,
    [...SERVER_FLAGS, entry, "serve", "--log-level", "error"],
    {
      cwd,
      env: { ...process.env, WEIR_ADMIN_KEY: KEY },
    },
  );
  return contender("weir", port, child, { authorization: `Bearer ${KEY}` });
}

/** Undefined when it is not installed (`npm ci` in bench/peers). */
export async function startPortkey(upstream: string): Promise<Contender | undefined> {
  const entry = join(
    ROOT,
    "bench",
    "peers",
    "node_modules",
    "@portkey-ai",
    "gateway",
    "build",
    "start-server.js",
  );
  if (!existsSync(entry)) return undefined;
  const port = await freePort();
  const child = onCore(0, process.execPath, [entry, `--port=${port}`, "--headless"], {
    // Its own switch for upstreams on this machine.
    env: { ...process.env, NODE_ENV: "production", TRUSTED_CUSTOM_HOSTS: "127.0.0.1" },
  });
  return contender("portkey", port, child, {
    authorization: "Bearer any",
    "x-portkey-provider": "openai",
    "x-portkey-custom-host": `${upstream}/v1`,
  });
}

interface NginxPlan {
  readonly name: string;
  readonly core: number;
  readonly port: number;
  readonly server: string;
  readonly http?: string;
}

function startNginxProcess(
  folder: string,
  { name, core, port, server, http = "" }: NginxPlan,
): ChildProcess {
  const prefix = join(folder, name);
  mkdirSync(prefix);
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${prefix}/${kind};`,
  );
  const config = join(prefix, "nginx.conf");
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${prefix}/pid; error_log ${prefix}/error.log;
events { worker_connections 4096; }
http { access_log off; ${paths.join(" ")} keepalive_requests 1000000; client_body_buffer_size 64k; ${http}
  server { listen 127.0.0.1:${port}; ${server} } }
`,
  );
  return onCore(core, "nginx", ["-p", prefix, "-c", config], {});
}

export function onCore(
  core: number,
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv },
): ChildProcess {
  return spawn("taskset", ["-c", String(core), command, ...args], {
    ...options,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

export async function contender(
  name: string,
  port: number,
  child: ChildProcess,
  headers: Record<string, string> = {},
): Promise<Contender> {
  const url = `http://127.0.0.1:${port}`;
  await answers(url, child, name);
  return {
    name,
    url,
    headers,
    pid: child.pid ?? 0,
    cpuMicros: () => cpuMicrosOf(child.pid ?? 0),
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        if (!child.kill("SIGTERM")) resolve();
      }),
  };
}

const TICKS_PER_SECOND = 100;

/** User and system time of a process and its children that still run (nginx works in one). */
function cpuMicrosOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  const pids = [pid, ...children.split(" ").filter(Boolean).map(Number)];
  const ticks = pids.reduce((sum, each) => {
    // The name in parentheses may hold blanks: fields are counted after it.
    const fields = readFileSync(`/proc/${each}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return sum + Number(fields[11]) + Number(fields[12]);
  }, 0);
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

async function answers(url: string, child: ChildProcess, name: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null)
      throw new Error(`${name} ended at its start with ${child.exitCode}`);
    const isThere = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} does not answer at ${url}`);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  await new Promise((resolve) => server.close(resolve));
  return port;
}
