import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, onTestFinished } from "vitest";
import { missing } from "./missing.ts";
import { type Cli, serve } from "./process.ts";
import { freePort } from "./redis.ts";
import { ADMIN_KEY, eventually, temporaryFolder } from "./server.ts";

/** Several Weirs as processes of their own behind nginx: as they stand in front of users. */
export interface Replicas {
  /** nginx', which takes them in turn. */
  readonly url: string;
  readonly each: readonly Replica[];
  /** One more, which nginx does not know. */
  another(): Promise<Replica>;
  ask(path: string, body?: unknown, init?: RequestInit): Promise<Response>;
}

export type Replica = Cli & { readonly url: string };

export interface ReplicaOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** nginx goes to another replica for a call that one did not begin to answer. */
  readonly retriesElsewhere?: boolean;
}

export async function startReplicas(
  context: TestContext,
  count: number,
  yaml: string,
  { env = {}, args = [], retriesElsewhere = false }: ReplicaOptions = {},
): Promise<Replicas> {
  const start = () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "weir.yaml"), yaml);
    return serve(folder, env, args);
  };
  const each = await Promise.all(Array.from({ length: count }, start));
  const hosts = each.map((replica) => new URL(replica.url).host);
  const url = await startNginx(context, hosts, retriesElsewhere);
  return {
    url,
    each,
    another: start,
    ask: (path, body, init = {}) =>
      fetch(new URL(path, url), {
        method: body === undefined ? "GET" : "POST",
        ...init,
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  };
}

async function startNginx(
  context: TestContext,
  hosts: readonly string[],
  retriesElsewhere: boolean,
): Promise<string> {
  const retries = retriesElsewhere ? "error http_503 non_idempotent" : "off";
  const env = { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };
  if (spawnSync("nginx", ["-v"], { env }).error) missing(context, "nginx");
  const folder = temporaryFolder();
  mkdirSync(join(folder, "logs"));
  const port = await freePort();
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const paths = kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n  ");
  const config = `
daemon off;
pid ${folder}/pid;
error_log stderr crit;
worker_processes 1;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log off;
  ${paths}
  upstream replicas {
    ${hosts.map((host) => `server ${host} max_fails=0;`).join("\n    ")}
    keepalive 256;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://replicas;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffering off;
      proxy_next_upstream ${retries};
    }
  }
}
`;
  writeFileSync(join(folder, "nginx.conf"), config);
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  const isThere = () =>
    fetch(`${url}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
  await eventually(isThere, (is) => {
    if (child.exitCode !== null) throw new Error(`nginx ended:\n${said}`);
    return is;
  });
  return url;
}
