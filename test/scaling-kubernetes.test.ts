import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { startKubernetesApi } from "./support/kubernetes-api.ts";
import { startServer, temporaryFolder } from "./support/server.ts";

/** A model whose replicas are pods: Weir reads and writes a Deployment's scale. */

const DEPLOYMENT = "deployments/vllm";

interface Row {
  readonly wanted: number | null;
  readonly ready: number;
  readonly asleep: boolean;
  readonly trouble: string | null;
  readonly decisions: readonly { readonly kind: string; readonly why: string }[];
}

async function setUp(replicas: number, scale: string, token?: string) {
  const cluster = await startKubernetesApi([["deployments", "vllm", replicas]]);
  const upstream = await createMockUpstream({ kind: "vllm" });
  onTestFinished(() => upstream.close());
  const folder = temporaryFolder();
  writeFileSync(join(folder, "token"), token ?? cluster.token);
  const server = await startServer(
    `
models:
  chat:
    targets: [{ provider: vllm, url: "${upstream.url}", model: m }]
    scale:
      ${scale}
      interval: 5s
      kubernetes:
        name: vllm
        namespace: default
        url: ${cluster.url}
        tokenFile: ${join(folder, "token")}
        caFile: ${cluster.caFile}
`,
    { folder },
  );
  const row = async () => {
    const { models } = (await (await server.call("/admin/v1/scaling")).json()) as { models: Row[] };
    const [first] = models;
    if (!first) throw new Error("nothing is scaled");
    return first;
  };
  return { cluster, server, row };
}

it("brings a workload within its bounds, and keeps what an operator holds", async () => {
  const { cluster, server, row } = await setUp(1, "min: 2\n      max: 4");
  await expect.poll(() => cluster.replicas(DEPLOYMENT)).toBe(2);
  cluster.settle(DEPLOYMENT);
  const body = { action: "hold", model: "chat", replicas: 4 };
  expect((await server.call("/admin/v1/scaling", body)).status).toBe(200);
  await expect.poll(() => cluster.replicas(DEPLOYMENT)).toBe(4);
  cluster.scaleByHand(DEPLOYMENT, 1);
  await expect.poll(() => cluster.replicas(DEPLOYMENT)).toBe(4);
  expect((await row()).trouble).toMatch(/somebody else set deployment\/vllm in default to 1/);
});

it("holds calls while no pod is ready, asks for one, and answers when it is there", async () => {
  const { cluster, server, row } = await setUp(0, "min: 0\n      max: 2");
  await expect.poll(async () => (await row()).asleep).toBe(true);
  const call = server.call("/v1/chat/completions", {
    model: "chat",
    messages: [{ role: "user", content: "Hello" }],
  });
  await expect.poll(() => cluster.replicas(DEPLOYMENT)).toBe(1);
  cluster.settle(DEPLOYMENT);
  expect((await call).status).toBe(200);
  expect((await row()).asleep).toBe(false);
});

it("changes nothing and says why while the API server refuses or is silent", async () => {
  const { cluster, row } = await setUp(1, "min: 2\n      max: 4", "a-wrong-token");
  await expect.poll(async () => (await row()).trouble).toMatch(/Unauthorized/);
  const { decisions, wanted } = await row();
  expect(decisions[0]).toMatchObject({
    kind: "silent",
    why: expect.stringContaining("Unauthorized"),
  });
  expect(wanted).not.toBeNull();
  expect(cluster.replicas(DEPLOYMENT)).toBe(1);
  expect(cluster.requests.every((one) => one.startsWith("GET"))).toBe(true);
});
