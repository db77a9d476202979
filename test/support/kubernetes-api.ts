import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { createAuthority } from "./certificates.ts";
import { temporaryFolder } from "./server.ts";

/** What the double keeps of a workload; `ready` follows `replicas` when a test says so. */
interface Kept {
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  replicas: number;
  ready: number;
  version: number;
}

/** How the next requests go wrong, each once. */
type Fault =
  | { readonly status: number; readonly retryAfter?: string }
  | "silence"
  /** Somebody else writes between a reader's look and its patch. */
  | { readonly writes: number };

const KINDS = {
  deployments: { kind: "Deployment", group: "apps" },
  statefulsets: { kind: "StatefulSet", group: "apps" },
  leaderworkersets: { kind: "LeaderWorkerSet", group: "leaderworkerset.x-k8s.io" },
} as const;
type Plural = keyof typeof KINDS;

const TOKEN = "test-token";
const SCALE = { kind: "Scale", apiVersion: "autoscaling/v1" };

/**
 * An API server in memory, as far as scaling goes: discovery, workloads and their scale subresources, merge
 * patches, resource versions with conflicts, and refusals as `Status` objects. A real kubectl judges it.
 */
export async function startKubernetesApi(wanted: readonly (readonly [Plural, string, number])[]) {
  const kept = new Map<string, Kept>();
  let lastVersion = 100;
  for (const [plural, name, replicas] of wanted) {
    const { kind, group } = KINDS[plural];
    const entry = {
      kind,
      apiVersion: `${group}/v1`,
      name,
      replicas,
      ready: replicas,
      version: 100,
    };
    kept.set(`${plural}/${name}`, entry);
  }
  const faults: Fault[] = [];
  const requests: string[] = [];
  let isForbidden = false;

  const set = (entry: Kept, replicas: number) => {
    entry.replicas = replicas;
    entry.version = ++lastVersion;
  };
  const authority = createAuthority(temporaryFolder(), "cluster");
  const { cert, key } = authority.issue("api");
  const certificate = { cert: readFileSync(cert), key: readFileSync(key) };
  const server = createServer(certificate, (request, response) => {
    void answer(request, response).catch((cause: unknown) => response.destroy(cause as Error));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    requests.push(`${method} ${url}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    const [path = ""] = url.split("?");
    const isWorkload = path.includes("/namespaces/");
    const fault = isWorkload ? faults[0] : undefined;
    if (fault && !(typeof fault === "object" && "writes" in fault)) {
      faults.shift();
      if (fault === "silence") {
        response.destroy();
        return;
      }
      if (fault.retryAfter) response.setHeader("retry-after", fault.retryAfter);
      refuse(response, fault.status, "TooManyRequests", "try again later");
      return;
    }
    if (isWorkload && request.headers.authorization !== `Bearer ${TOKEN}`) {
      refuse(response, 401, "Unauthorized", "Unauthorized");
      return;
    }
    send(response, method, path, body);
  }

  function send(response: ServerResponse, method: string, path: string, body: string): void {
    const discovered = DISCOVERY[path];
    if (discovered) {
      json(response, 200, discovered);
      return;
    }
    const match = /^\/apis\/([\w.-]+)\/v1\/namespaces\/([\w-]+)\/(\w+)\/([\w-]+)(\/scale)?$/.exec(
      path,
    );
    const [, group = "", namespace = "", plural = "", name = "", sub] = match ?? [];
    const entry = kept.get(`${plural}/${name}`);
    if (!match || !entry || namespace !== "default") {
      refuse(response, 404, "NotFound", `${plural}.${group} "${name}" not found`);
      return;
    }
    if (isForbidden) {
      const who = 'User "system:serviceaccount:default:weir"';
      const what = `cannot ${method.toLowerCase()} resource "${plural}${sub ?? ""}" in API group "${group}"`;
      refuse(
        response,
        403,
        "Forbidden",
        `${plural}.${group} "${name}" is forbidden: ${who} ${what}`,
      );
      return;
    }
    if (method === "PATCH" || method === "PUT") {
      const fault = faults[0];
      if (typeof fault === "object" && "writes" in fault) {
        faults.shift();
        set(entry, fault.writes);
      }
      if (!write(response, entry, body)) return;
    }
    json(response, 200, sub ? scaleOf(entry) : workloadOf(entry));
  }

  function write(response: ServerResponse, entry: Kept, body: string): boolean {
    const sent = JSON.parse(body) as {
      metadata?: { resourceVersion?: string };
      spec?: { replicas?: unknown };
    };
    const version = sent.metadata?.resourceVersion;
    if (version !== undefined && version !== String(entry.version)) {
      refuse(
        response,
        409,
        "Conflict",
        `Operation cannot be fulfilled on "${entry.name}": the object has been modified; please apply your changes to the latest version and try again`,
      );
      return false;
    }
    const replicas = sent.spec?.replicas;
    if (typeof replicas !== "number" || replicas < 0) {
      refuse(response, 422, "Invalid", `Scale "${entry.name}" is invalid: spec.replicas`);
      return false;
    }
    set(entry, replicas);
    return true;
  }

  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const find = (name: string): Kept => {
    const entry = kept.get(name);
    if (!entry) throw new Error(`there is no ${name}`);
    return entry;
  };
  return {
    url: `https://127.0.0.1:${port}`,
    caFile: authority.cert,
    token: TOKEN,
    requests,
    replicas: (name: string) => find(name).replicas,
    /** As another program or a person would. */
    scaleByHand: (name: string, replicas: number) => set(find(name), replicas),
    /** Pods are there, or gone, as the workload asks. */
    settle(name: string) {
      find(name).ready = find(name).replicas;
    },
    fail: (...next: Fault[]) => void faults.push(...next),
    forbid(isOn: boolean) {
      isForbidden = isOn;
    },
  };
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function refuse(response: ServerResponse, code: number, reason: string, message: string): void {
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" };
  json(response, code, { ...status, message, reason, code });
}

function metadataOf({ name, version }: Kept) {
  return {
    name,
    namespace: "default",
    uid: `uid-${name}`,
    resourceVersion: String(version),
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
}

function scaleOf(entry: Kept) {
  // Zeros are left out, as Go's encoder leaves them out.
  const spec = entry.replicas === 0 ? {} : { replicas: entry.replicas };
  const status = { replicas: entry.ready, selector: `app=${entry.name}` };
  return { ...SCALE, metadata: metadataOf(entry), spec, status };
}

function workloadOf(entry: Kept) {
  const { kind, apiVersion, replicas, ready } = entry;
  return {
    kind,
    apiVersion,
    metadata: metadataOf(entry),
    spec: { replicas },
    status: ready === 0 ? {} : { replicas: ready, readyReplicas: ready },
  };
}

function resourcesOf(group: string) {
  const plurals = Object.entries(KINDS).filter(([, one]) => one.group === group);
  const verbs = ["get", "patch", "update"];
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: `${group}/v1`,
    resources: plurals.flatMap(([name, { kind }]) => [
      { name, singularName: kind.toLowerCase(), namespaced: true, kind, verbs },
      {
        name: `${name}/scale`,
        singularName: "",
        namespaced: true,
        group: "autoscaling",
        version: "v1",
        kind: "Scale",
        verbs,
      },
    ]),
  };
}

function groupOf(name: string) {
  const version = { groupVersion: `${name}/v1`, version: "v1" };
  return { name, versions: [version], preferredVersion: version };
}

const GROUPS = [...new Set(Object.values(KINDS).map(({ group }) => group))];

const DISCOVERY: Readonly<Record<string, unknown>> = {
  "/version": { major: "1", minor: "32", gitVersion: "v1.32.0" },
  "/api": { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] },
  "/api/v1": { kind: "APIResourceList", groupVersion: "v1", resources: [] },
  "/apis": { kind: "APIGroupList", apiVersion: "v1", groups: GROUPS.map(groupOf) },
  ...Object.fromEntries(GROUPS.map((group) => [`/apis/${group}/v1`, resourcesOf(group)])),
};
