/**
 * What a program does that traces with a LangSmith SDK, run in a process of its own for each release of
 * the SDK: `node sdk-story.ts PACKAGE WEIR_URL KEY`. The endpoint, the project and the key come from the
 * environment, as they do for any user. Prints what the SDK gave as one line of JSON.
 */
import OpenAI from "openai";
import type * as Sdk from "langsmith";
import type * as Traceable from "langsmith/traceable";
import type * as Wrappers from "langsmith/wrappers";

const [, , sdk = "langsmith", weirUrl = "", apiKey = ""] = process.argv;
const { Client, RunTree } = (await import(sdk)) as typeof Sdk;
const { traceable } = (await import(`${sdk}/traceable`)) as typeof Traceable;
const { wrapOpenAI } = (await import(`${sdk}/wrappers`)) as typeof Wrappers;
const project = process.env["LANGCHAIN_PROJECT"] ?? "";
const client = new Client();

/** A nested program: a chain with a tool that fails, and two calls of a model, one of them streamed. */
async function traceProgram(): Promise<void> {
  const openai = wrapOpenAI(new OpenAI({ baseURL: `${weirUrl}/v1`, apiKey }));
  const messages = [{ role: "user" as const, content: "Say hello" }];
  const search = traceable(
    async (query: string) => {
      if (query === "broken") throw new Error("no such page");
      return [`page about ${query}`];
    },
    { name: "search", run_type: "tool", client, tags: ["web"] },
  );
  const program = traceable(
    async (question: string) => {
      const pages = await search(question);
      await search("broken").catch(() => undefined);
      const answer = await openai.chat.completions.create({ model: "chat", messages });
      const stream = await openai.chat.completions.create({
        model: "chat",
        messages,
        stream: true,
        stream_options: { include_usage: true },
      });
      let streamed = "";
      for await (const chunk of stream) streamed += chunk.choices[0]?.delta.content ?? "";
      return { pages, answer: answer.choices[0]?.message.content, streamed };
    },
    {
      name: "program",
      client,
      project_name: project,
      metadata: { thread_id: "thread-1", user_id: "ada", tier: "gold" },
      tags: ["story"],
    },
  );
  await program("rivers");
}

/** A tree built by hand, its parts sent as they come about. */
async function traceByHand(): Promise<string> {
  const root = new RunTree({
    name: "by hand",
    run_type: "chain",
    inputs: { n: 1 },
    client,
    project_name: project,
  });
  await root.postRun();
  const child = root.createChild({ name: "step", run_type: "llm", inputs: { text: "x" } });
  await child.postRun();
  await child.end({ text: "y" });
  await child.patchRun();
  await root.end({ n: 2 });
  await root.patchRun();
  return root.id;
}

/** The writes that old programs do without a tree. */
async function createByHand(): Promise<string> {
  const id = crypto.randomUUID();
  const run = { id, name: "created", run_type: "tool", inputs: { a: 1 }, project_name: project };
  await client.createRun({ ...run, start_time: Date.now() });
  await client.updateRun(id, { outputs: { b: 2 }, end_time: Date.now() });
  return id;
}

async function sent(): Promise<void> {
  if ("flush" in client) await client.flush();
  await client.awaitPendingTraceBatches();
}

async function reads(handId: string) {
  const { id: projectId } = await client.readProject({ projectName: project });
  const runs = await Array.fromAsync(client.listRuns({ projectName: project }));
  const roots = await Array.fromAsync(client.listRuns({ projectId, isRoot: true, limit: 2 }));
  const found = await Array.fromAsync(
    client.listRuns({ projectId, filter: 'and(eq(run_type, "tool"), neq(error, null))' }),
  );
  const feedback = await client.createFeedback(handId, "quality", { score: 0.5, comment: "so so" });
  await sent();
  await client.updateFeedback(feedback.id, { score: 0.75 });
  const link = await client.shareRun(handId);
  return {
    projectId,
    runs: runs.map(({ id, name, parent_run_id: parent }) => ({ id, name, parent })),
    roots: roots.length,
    found: found.map(({ name, error }) => ({ name, error })),
    hand: await client.readRun(handId, { loadChildRuns: true }),
    feedback: await Array.fromAsync(client.listFeedback({ runIds: [handId] })),
    projects: (await Array.fromAsync(client.listProjects())).map(({ name }) => name),
    url: await client.getRunUrl({ runId: handId }),
    projectUrl: await client.getProjectUrl({ projectName: project }),
    link,
    shared: await client.readRunSharedLink(handId),
  };
}

await traceProgram();
const handId = await traceByHand();
const createdId = await createByHand();
await sent();
process.stdout.write(`${JSON.stringify({ handId, createdId, ...(await reads(handId)) })}\n`);
