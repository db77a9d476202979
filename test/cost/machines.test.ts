import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { startServer } from "../support/server.ts";

it("prices calls of a machine of one's own by its busy time", async () => {
  const mock = await createMockUpstream({ kind: "vllm", reply: "Hello." });
  onTestFinished(() => mock.close());
  const target = `provider: vllm, url: "${mock.url}", model: mock`;
  const server = await startServer(`
models:
  own: { targets: [{ ${target}, cost: { gpuHour: 2.50 USD, gpus: 2, watts: 400, perKwh: 0.30 USD } }] }
  said: { targets: [{ ${target}, cost: { gpuHour: 9 USD }, price: { input: 1 USD, output: 1 USD } }] }
  free: { targets: [{ ${target} }] }`);
  for (const model of ["own", "said", "free"]) {
    const messages = [{ role: "user", content: "Hi" }];
    const answer = await server.call("/v1/chat/completions", { model, messages });
    expect(answer.status).toBe(200);
  }
  const answer = await server.call("/admin/v1/runs?source=call");
  const { runs } = (await answer.json()) as { runs: Record<string, unknown>[] };
  const found = new Map(runs.map((run) => [run["name"], run]));
  const own = found.get("own");
  expect(own?.["priceVersion"]).toMatch(/^infra@[0-9a-f]{12}$/);
  // It ran alone: it pays for each millisecond of its own, at 2 × ($2.50 + 0.4 kW × $0.30) an hour.
  const perMs = 5.24e9 / 3_600_000;
  expect(own?.["costNanos"]).toBeGreaterThan(0);
  expect(own?.["costNanos"]).toBeLessThanOrEqual(Number(own?.["durationMs"]) * perMs + 2);
  expect(found.get("said")?.["priceVersion"]).toMatch(/^weir\.yaml@/);
  expect(found.get("free")).toMatchObject({ costNanos: null, priceVersion: null });
});
