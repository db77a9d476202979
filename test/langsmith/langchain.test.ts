import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableLambda } from "@langchain/core/runnables";
import { LangChainTracer } from "@langchain/core/tracers/tracer_langchain";
import { ChatOpenAI } from "@langchain/openai";
import { Client } from "langsmith";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { startServer } from "../support/server.ts";
import { type Wire, keyOf, read } from "./clients.ts";

/** LangChain's own tracer, over a model that Weir serves. */

async function start() {
  const mock = await createMockUpstream({ tokens: 3 });
  onTestFinished(() => mock.close());
  const server = await startServer(
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  const key = await keyOf(server, { scopes: ["traces", "inference"] });
  const client = new Client({ apiUrl: `${server.url}/api/v1`, apiKey: key });
  const tracer = new LangChainTracer({ client, projectName: "chains" });
  const model = new ChatOpenAI({
    model: "chat",
    apiKey: key,
    configuration: { baseURL: `${server.url}/v1` },
  });
  const prompt = ChatPromptTemplate.fromMessages([
    ["system", "Be short."],
    ["human", "{question}"],
  ]);
  return { server, client, tracer, chain: prompt.pipe(model).pipe(new StringOutputParser()) };
}

it("shows a chain as a tree, with serialized manifests, tags, tokens and messages", async () => {
  const { server, client, tracer, chain } = await start();
  const text = await chain.invoke(
    { question: "Why?" },
    { callbacks: [tracer], tags: ["mine"], metadata: { thread_id: "t-9" } },
  );
  await client.awaitPendingTraceBatches();
  const { runs } = (await read(server, "/runs/query", { filter: 'has(tags, "mine")' })) as {
    runs: Wire[];
  };
  const root = runs.find((run) => run["parent_run_id"] === null);
  expect(root).toMatchObject({
    name: "RunnableSequence",
    run_type: "chain",
    inputs: { question: "Why?" },
    outputs: { output: text },
    thread_id: "t-9",
    total_tokens: expect.any(Number),
  });
  const below = runs.filter((run) => run["parent_run_id"] === root?.["id"]);
  const kinds = below.map((run) => `${String(run["name"])}: ${String(run["run_type"])}`);
  expect(new Set(kinds)).toEqual(
    new Set(["ChatOpenAI: llm", "ChatPromptTemplate: prompt", "StrOutputParser: parser"]),
  );
  const model = below.find((run) => run["run_type"] === "llm");
  expect(model).toMatchObject({
    status: "success",
    completion_tokens: 3,
    serialized: { lc: 1, type: "constructor" },
    extra: { metadata: { ls_provider: "openai", ls_model_name: "chat" } },
  });
  expect(model?.["tags"]).toEqual(expect.arrayContaining(["mine", "seq:step:2"]));
  expect(JSON.stringify(model?.["outputs"])).toContain(text);
  expect(root?.["total_tokens"]).toBe(model?.["total_tokens"]);
});

it("times the first token of a streamed chain", async () => {
  const { server, client, tracer, chain } = await start();
  let text = "";
  for await (const piece of await chain.stream({ question: "Why?" }, { callbacks: [tracer] }))
    text += piece;
  await client.awaitPendingTraceBatches();
  const { runs } = (await read(server, "/runs/query", {
    run_type: "llm",
    filter: 'eq(name, "ChatOpenAI")',
  })) as { runs: Wire[] };
  expect(runs).toMatchObject([{ status: "success", first_token_time: expect.any(String) }]);
  expect(JSON.stringify(runs[0]?.["outputs"])).toContain(text.trim());
});

it("shows where a chain failed", async () => {
  const { server, client, tracer, chain } = await start();
  const broken = chain.pipe(
    RunnableLambda.from(() => {
      throw new TypeError("no table");
    }),
  );
  await expect(broken.invoke({ question: "?" }, { callbacks: [tracer] })).rejects.toThrow(
    "no table",
  );
  await client.awaitPendingTraceBatches();
  const { runs } = (await read(server, "/runs/query", { error: true })) as { runs: Wire[] };
  expect(runs.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["RunnableSequence", "RunnableLambda"]),
  );
  expect(runs).toHaveLength(2);
  for (const run of runs) expect(run["error"]).toContain("no table");
});
