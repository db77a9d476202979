import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { createApi } from "../src/ship/kubernetes/api.ts";
import { clusterOf } from "../src/ship/kubernetes/cluster.ts";
import { exchangeWith } from "../src/ship/kubernetes/http-exchange.ts";
import { readWorkload, writeScale } from "../src/ship/kubernetes/scale.ts";
import { kubernetesDriver } from "../src/weir/scaling-kubernetes.ts";
import { startKubernetesApi } from "./support/kubernetes-api.ts";
import { temporaryFolder } from "./support/server.ts";

type Cluster = Awaited<ReturnType<typeof startKubernetesApi>>;

const VLLM = { kind: "Deployment", namespace: "default", name: "vllm" } as const;

function clientOf({ url, token, caFile }: Pick<Cluster, "url" | "token" | "caFile">) {
  const tokenFile = join(temporaryFolder(), "token");
  writeFileSync(tokenFile, `${token}\n`);
  const pauses: number[] = [];
  const api = createApi({
    exchange: exchangeWith({ url, tokenFile, caFile, timeoutMs: 10_000 }),
    async pause(ms) {
      pauses.push(ms);
    },
  });
  return { api, pauses, tokenFile };
}

it("reads and writes a workload's replicas by its scale subresource", async () => {
  const cluster = await startKubernetesApi([
    ["deployments", "vllm", 2],
    ["statefulsets", "tgi", 0],
    ["leaderworkersets", "big", 1],
  ]);
  const { api } = clientOf(cluster);
  expect(await readWorkload(api, VLLM)).toEqual({ wanted: 2, there: 2, ready: 2 });
  expect(await writeScale(api, VLLM, 5)).toBe(2);
  expect(await readWorkload(api, VLLM)).toEqual({ wanted: 5, there: 2, ready: 2 });
  const tgi = { ...VLLM, kind: "StatefulSet", name: "tgi" } as const;
  expect(await writeScale(api, tgi, 1)).toBe(0);
  const big = { ...VLLM, kind: "LeaderWorkerSet", name: "big" } as const;
  expect(await writeScale(api, big, 3)).toBe(1);
  expect(cluster.replicas("leaderworkersets/big")).toBe(3);
});

it("looks again where somebody else wrote meanwhile, and writes nothing that is there", async () => {
  const cluster = await startKubernetesApi([["deployments", "vllm", 2]]);
  const { api } = clientOf(cluster);
  cluster.fail({ writes: 7 });
  expect(await writeScale(api, VLLM, 3)).toBe(7);
  expect(cluster.replicas("deployments/vllm")).toBe(3);
  const before = cluster.requests.length;
  expect(await writeScale(api, VLLM, 3)).toBe(3);
  expect(cluster.requests.slice(before)).toEqual([
    "GET /apis/apps/v1/namespaces/default/deployments/vllm/scale",
  ]);
});

it("asks again after 429 and 5xx, for as long as it was told to wait, and then says why", async () => {
  const cluster = await startKubernetesApi([["deployments", "vllm", 2]]);
  const { api, pauses } = clientOf(cluster);
  cluster.fail({ status: 429, retryAfter: "1" }, { status: 503 });
  expect((await readWorkload(api, VLLM)).wanted).toBe(2);
  expect(pauses).toEqual([1000, 400]);
  cluster.fail({ status: 500 }, { status: 500 }, { status: 500 });
  await expect(readWorkload(api, VLLM)).rejects.toThrow("the API server says: try again later");
});

it("says what the API server refuses, in its words", async () => {
  const cluster = await startKubernetesApi([["deployments", "vllm", 2]]);
  const { api } = clientOf(cluster);
  const gone = { ...VLLM, name: "gone" };
  await expect(readWorkload(api, gone)).rejects.toThrow(
    'the API server says: deployments.apps "gone" not found',
  );
  cluster.forbid(true);
  await expect(writeScale(api, VLLM, 3)).rejects.toThrow(
    /"vllm" is forbidden: User .* cannot get resource "deployments\/scale".*auto-scaling\.md/,
  );
  const wrong = clientOf({ ...cluster, token: "old" });
  await expect(readWorkload(wrong.api, VLLM)).rejects.toThrow(/Unauthorized\. Is its token valid/);
  writeFileSync(wrong.tokenFile, cluster.token);
  cluster.forbid(false);
  expect((await readWorkload(wrong.api, VLLM)).wanted).toBe(2);
});

it("says that the API server is silent", async () => {
  const cluster = await startKubernetesApi([["deployments", "vllm", 2]]);
  const { api } = clientOf(cluster);
  cluster.fail("silence", "silence", "silence");
  await expect(readWorkload(api, VLLM)).rejects.toThrow("the API server does not answer");
});

it("sees what is starting and going, measures the start, and says who else changed the number", async () => {
  const cluster = await startKubernetesApi([["deployments", "vllm", 1]]);
  let at = 0;
  const { api } = clientOf(cluster);
  const driver = kubernetesDriver({ api, workload: VLLM, monotonic: () => at });
  await driver.resize(3);
  expect(await driver.look()).toMatchObject({ ready: 1, starting: 2, draining: 0 });
  at = 42_000;
  cluster.settle("deployments/vllm");
  expect(await driver.look()).toMatchObject({ ready: 3, starting: 0, startDelayMs: 42_000 });
  cluster.scaleByHand("deployments/vllm", 1);
  expect(await driver.look()).toMatchObject({
    ready: 1,
    draining: 2,
    note: expect.stringMatching(
      /^somebody else set deployment\/vllm in default to 1, where Weir had asked for 3/,
    ),
  });
  at += 16 * 60_000;
  expect((await driver.look()).note).toBeUndefined();
});

it("finds its cluster by the pod's service account, or says what weir.yaml must say", () => {
  const account = temporaryFolder();
  for (const [name, text] of [
    ["token", "t"],
    ["ca.crt", "c"],
    ["namespace", "models\n"],
  ] as const)
    writeFileSync(join(account, name), text);
  const variables: Record<string, string> = {
    KUBERNETES_SERVICE_HOST: "fd00::1",
    KUBERNETES_SERVICE_PORT: "6443",
  };
  const wish = { kind: "Deployment", name: "vllm" } as const;
  expect(clusterOf(wish, (name) => variables[name], account)).toEqual({
    server: {
      url: "https://[fd00::1]:6443",
      tokenFile: join(account, "token"),
      caFile: join(account, "ca.crt"),
      timeoutMs: 5000,
    },
    workload: { kind: "Deployment", name: "vllm", namespace: "models" },
  });
  expect(() => clusterOf(wish, () => undefined, account)).toThrow(
    /nobody says where the API server is\. Say it in weir\.yaml: scale: \{ kubernetes: \{ url/,
  );
  expect(() => clusterOf(wish, (name) => variables[name], temporaryFolder())).toThrow(
    /the namespace of deployment\/vllm/,
  );
});

it("is an API server that the real kubectl takes for one", async (context) => {
  const cluster = await startKubernetesApi([["deployments", "vllm", 2]]);
  const home = temporaryFolder();
  const run = async (...args: string[]) => {
    const { url, token, caFile } = cluster;
    const all = [`--server=${url}`, `--token=${token}`, `--cache-dir=${home}`];
    all.push(`--certificate-authority=${caFile}`);
    const env = { ...process.env, HOME: home, KUBECONFIG: join(home, "none") };
    const { stdout } = await promisify(execFile)("kubectl", [...all, ...args], { env });
    return stdout.trim();
  };
  const isThere = await run("version", "--client").then(
    () => true,
    () => false,
  );
  if (!isThere) context.skip("missing: kubectl");
  expect(await run("scale", "deployment/vllm", "--current-replicas=2", "--replicas=4")).toBe(
    "deployment.apps/vllm scaled",
  );
  const { api } = clientOf(cluster);
  expect((await readWorkload(api, VLLM)).wanted).toBe(4);
  await writeScale(api, VLLM, 6);
  expect(await run("get", "deployment", "vllm", "-o", "jsonpath={.spec.replicas}")).toBe("6");
  const refused = run("scale", "deployment/vllm", "--current-replicas=2", "--replicas=1");
  await expect(refused).rejects.toThrow(/Expected replicas to be 2, was 6/);
});
