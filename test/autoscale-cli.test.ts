import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { parseAllDocuments } from "yaml";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { weir } from "./support/process.ts";
import { ADMIN_KEY, startServer, temporaryFolder } from "./support/server.ts";

/** `weir autoscale` as its users meet it. */

async function run(args: readonly string[], url = "http://127.0.0.1:1") {
  const cli = weir(["autoscale", ...args], { env: { WEIR_URL: url, WEIR_ADMIN_KEY: ADMIN_KEY } });
  return { code: await cli.ended, output: cli.output() };
}

/** A quiet half of an hour, and one with ten times as many calls. */
function traceFile(): string {
  const lines = ["t_ms,input_tokens,output_tokens"];
  for (let at = 0; at < 1_800_000; at += 5000) lines.push(`${at},800,120`);
  for (let at = 1_800_000; at < 3_600_000; at += 500) lines.push(`${at},800,120`);
  const path = join(temporaryFolder(), "step.csv.gz");
  writeFileSync(path, gzipSync(lines.join("\n")));
  return path;
}

it("plays a trace to every policy, in a table, a picture and JSON, always the same", async () => {
  const trace = traceFile();
  const plot = join(temporaryFolder(), "plot.svg");
  const { code, output } = await run(["simulate", trace, "--max", "16", "--plot", plot]);
  expect(code).toBe(0);
  expect(output).toMatch(/step: 3960 calls/);
  expect(output).toMatch(/work, paced +one setting +\d+\.\d\d %/);
  expect(output).toMatch(/queue +[\d.]+ +[\d.]+ % +[\d.]+ +×/);
  const svg = readFileSync(plot, "utf8");
  expect(svg).toContain("light-dark(");
  expect(svg.match(/<circle/g)?.length).toBeGreaterThan(20);
  const json = await run(["simulate", trace, "--max", "16", "--json", "--policy", "queue"]);
  const { points } = JSON.parse(json.output) as { points: { policy: string; inTime: number }[] };
  expect(new Set(points.map(({ policy }) => policy))).toEqual(
    new Set(["work, paced", "work, at once", "queue"]),
  );
  const again = await run(["simulate", trace, "--max", "16", "--json", "--policy", "queue"]);
  expect(again.output).toBe(json.output);
});

it("says what is wrong with a trace, by line, and with what it was asked", async () => {
  const path = join(temporaryFolder(), "bad.csv");
  writeFileSync(path, "t_ms,input_tokens,output_tokens\n0,10,10\n5,many,10\n");
  const bad = await run(["simulate", path]);
  expect(bad.code).toBe(1);
  expect(bad.output).toContain("bad.csv:3");
  expect((await run(["simulate", "/nowhere.csv"])).output).toContain("Cannot read /nowhere.csv");
  for (const args of [
    ["simulate"],
    ["simulate", path, "--min", "0"],
    ["simulate", path, "--policy", "x"],
    ["fly"],
  ]) {
    expect((await run(args)).code).toBe(2);
  }
});

it("plays what a server recorded, and says when that is too little", async () => {
  const mock = await createMockUpstream();
  onTestFinished(() => mock.close());
  const server = await startServer(
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  const call = () =>
    server.call("/v1/chat/completions", {
      model: "chat",
      messages: [{ role: "user", content: "Hi" }],
    });
  await (await call()).arrayBuffer();
  const few = await run(["backtest"], server.url);
  expect(few.code).toBe(1);
  expect(few.output).toContain("recorded 1 calls in the last 7d");
  for (let count = 0; count < 30; count++) await (await call()).arrayBuffer();
  const { code, output } = await run(["backtest", "--since", "1h", "--model", "chat"], server.url);
  expect(code).toBe(0);
  expect(output).toMatch(/chat: 31 calls/);
  expect(output).toMatch(/work, paced +one setting +100\.00 %/);
  expect((await run(["status"], server.url)).output).toContain("No model is scaled.");
});

it("prints what KEDA and an HPA need, as YAML that says the same as its JSON", async () => {
  const keda = ["manifests", "keda", "--model", "chat", "--workload", "vllm-chat", "--max", "8"];
  const { code, output } = await run(keda, "");
  expect(code).toBe(0);
  const documents = parseAllDocuments(output).map((one) => one.toJS() as Record<string, unknown>);
  expect(documents.map(({ kind }) => kind)).toEqual(["TriggerAuthentication", "ScaledObject"]);
  expect(JSON.stringify(documents)).toContain("/admin/v1/scaling/replicas?model=chat");
  // Desired = value / target, and not present replicas × value / target.
  expect(JSON.stringify(documents)).toContain('"metricType":"AverageValue"');
  expect(JSON.parse((await run([...keda, "--json"], "")).output)).toEqual(documents);
  const gateway = await run(["manifests", "gateway", "--workload", "weir", "--min", "2"], "");
  const [hpa] = parseAllDocuments(gateway.output).map((one) => one.toJS() as { spec: object });
  expect(hpa?.spec).toMatchObject({ minReplicas: 2, metrics: [{}, {}, { type: "Pods" }] });
  expect((await run(["manifests", "keda", "--workload", "x"], "")).code).toBe(2);
  expect((await run(["manifests", "fly", "--workload", "x"], "")).code).toBe(2);
});
