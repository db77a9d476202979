/** A Redis, an nginx and Weirs as processes of their own, on free ports and in one temporary folder. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../lab.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
/** Debian keeps servers where users' paths do not lead. */
const ENV = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };

export const folder = mkdtempSync(join(tmpdir(), "weir-replicas-"));
const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Debian's packages that are not installed. */
export function missingPrograms(): string[] {
  const programs = { "redis-server": "--version", nginx: "-v" };
  return Object.entries(programs).flatMap(([name, flag]) =>
    spawnSync(name, [flag], { env: ENV }).error ? name : [],
  );
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startRedis(): Promise<string> {
  const port = await freePort();
  const child = start("redis-server", "--port", `${port}`, "--bind", "127.0.0.1", "--save", "");
  await until("Redis listens", () => child.said().includes("Ready to accept connections"));
  return `redis://127.0.0.1:${port}`;
}

export interface Replica {
  readonly url: string;
  readonly configFile: string;
  /** Tells it to end as an orchestrator does, and waits until it has. Gives its exit code. */
  stop(): Promise<number | null>;
  start(): Promise<void>;
}

/** One Weir with a folder of its own; it comes back on the same port. */
export async function startReplica(name: string, yaml: string, key: string): Promise<Replica> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const home = join(folder, name);
  mkdirSync(home);
  const configFile = join(home, "weir.yaml");
  writeFileSync(configFile, yaml);
  let running: ReturnType<typeof start> | undefined;
  const replica: Replica = {
    url,
    configFile,
    async start() {
      const own = { ...ENV, WEIR_ADMIN_KEY: key };
      const args = ["serve", "-c", configFile, "--data", home, "-p", `${port}`];
      running = startWith(own, process.execPath, MAIN, ...args);
      await until(`${name} is ready`, () => isOk(`${url}/ready`));
    },
    async stop() {
      const code = await running?.stop("SIGTERM");
      return code ?? null;
    },
  };
  await replica.start();
  return replica;
}

/** nginx before the replicas, with the configuration of the guide. */
export async function startNginx(replicas: readonly Replica[]): Promise<string> {
  const port = await freePort();
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const hosts = replicas.map(({ url }) => `    server ${new URL(url).host} max_fails=0;`);
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `daemon off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events {}
http {
  access_log off;
  ${paths.map((path) => `${path}_temp_path ${folder}/${path};`).join("\n  ")}
  upstream weir {
${hosts.join("\n")}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://weir;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffering off;
      proxy_read_timeout 15m;
      proxy_next_upstream error http_503 non_idempotent;
    }
  }
}
`,
  );
  start("nginx", "-p", folder, "-c", file);
  const url = `http://127.0.0.1:${port}`;
  await until("nginx answers", () => isOk(`${url}/health`));
  return url;
}

function start(command: string, ...args: readonly string[]) {
  return startWith(ENV, command, ...args);
}

function startWith(env: NodeJS.ProcessEnv, command: string, ...args: readonly string[]) {
  const child = spawn(command, args, { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  }
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  void ended.then(() => children.delete(child));
  return {
    said: () => said,
    stop(signal: NodeJS.Signals) {
      child.kill(signal);
      return ended;
    },
  };
}

function isOk(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
