import { expect, it, onTestFinished, vi } from "vitest";
import { ADMIN_KEY, type TestServer, eventually, startServer } from "../support/server.ts";

/** LangSmith's own SDK in its OpenTelemetry mode: everything it is told by environment variables. */

function setUp(server: TestServer): void {
  vi.stubEnv("LANGSMITH_TRACING", "true");
  vi.stubEnv("LANGSMITH_OTEL_ENABLED", "true");
  vi.stubEnv("LANGSMITH_ENDPOINT", new URL("/api/v1", server.url).href);
  vi.stubEnv("LANGSMITH_API_KEY", ADMIN_KEY);
  vi.stubEnv("LANGSMITH_PROJECT", "by-otel");
  onTestFinished(() => void vi.unstubAllEnvs());
}

interface Found {
  readonly id: string;
  readonly name: string;
  readonly run_type: string;
  readonly trace_id: string;
  readonly parent_run_id: string | null;
  readonly prompt_tokens: number;
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly tags: readonly string[];
}

it("sends a nested trace with its project, tags and tokens", async () => {
  const server = await startServer("models: {}\ntraces: { capture: full }");
  setUp(server);
  const { initializeOTEL } = await import("langsmith/experimental/otel/setup");
  const { DEFAULT_LANGSMITH_SPAN_PROCESSOR: processor } = initializeOTEL();
  const { traceable } = await import("langsmith/traceable");
  const model = traceable(
    async (_question: string) => ({
      text: "Because.",
      usage_metadata: { input_tokens: 7, output_tokens: 2, total_tokens: 9 },
    }),
    { name: "model", run_type: "llm", metadata: { ls_provider: "openai", ls_model_name: "gpt-x" } },
  );
  const chain = traceable(
    async ({ question }: { question: string }) => (await model(question)).text,
    {
      name: "chain",
      tags: ["one", "two"],
    },
  );
  expect(await chain({ question: "Why?" })).toBe("Because.");
  const { Client } = await import("langsmith");
  await new Client().awaitPendingTraceBatches();
  await processor.forceFlush();

  const sessions = await eventually(
    async () =>
      (await (await server.call("/api/v1/sessions?name=by-otel")).json()) as { id: string }[],
    (list) => list.length === 1,
  );
  const runs = await eventually(
    async () => {
      const answer = await server.call("/api/v1/runs/query", { session: [sessions[0]?.id] });
      return ((await answer.json()) as { runs: Found[] }).runs;
    },
    (list) => list.length === 2,
  );
  const outer = runs.find(({ name }) => name === "chain");
  const inner = runs.find(({ name }) => name === "model");
  expect(outer).toMatchObject({
    run_type: "chain",
    parent_run_id: null,
    inputs: { question: "Why?" },
    tags: ["one", "two"],
  });
  expect(inner).toMatchObject({
    run_type: "llm",
    parent_run_id: outer?.id,
    trace_id: outer?.trace_id,
    prompt_tokens: 7,
  });
});
