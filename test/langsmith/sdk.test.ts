import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { type TestServer, startServer } from "../support/server.ts";
import { type Wire, keyOf, read } from "./clients.ts";

/** The vendor's own SDKs, newest and five older, each by another of the addresses that they may be given. */

async function start() {
  const mock = await createMockUpstream({ tokens: 2 });
  onTestFinished(() => mock.close());
  const server = await startServer(
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  return { server, key: await keyOf(server, { scopes: ["traces", "inference"] }) };
}

interface Story {
  readonly handId: string;
  readonly createdId: string;
  readonly projectId: string;
  readonly runs: readonly {
    readonly id: string;
    readonly name: string;
    readonly parent: string | null;
  }[];
  readonly roots: number;
  readonly found: readonly unknown[];
  readonly hand: Wire;
  readonly feedback: readonly Wire[];
  readonly projects: readonly string[];
  readonly url: string;
  readonly projectUrl: string;
  readonly link: string;
  readonly shared: string;
}

async function tell(sdk: string, server: TestServer, options: { key: string; prefix: string }) {
  const { key, prefix } = options;
  const endpoint = `${server.url}${prefix}`;
  const env = {
    ...process.env,
    LANGSMITH_TRACING: "true",
    LANGSMITH_ENDPOINT: endpoint,
    LANGSMITH_API_KEY: key,
    LANGSMITH_PROJECT: "story",
    LANGCHAIN_TRACING_V2: "true",
    LANGCHAIN_ENDPOINT: endpoint,
    LANGCHAIN_API_KEY: key,
    LANGCHAIN_PROJECT: "story",
  };
  const child = spawn(
    process.execPath,
    [`${import.meta.dirname}/sdk-story.ts`, sdk, server.url, key],
    { env },
  );
  onTestFinished(() => void child.kill());
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (code !== 0) throw new Error(`${sdk} ended with ${code}: ${errors}`);
  return { story: JSON.parse(output.trim().split("\n").at(-1) ?? "") as Story, errors };
}

it.each([
  ["langsmith", "/api/v1"],
  ["langsmith-0-9-0", ""],
  ["langsmith-0-7-17", "/api"],
  ["langsmith-0-5-26", "/langsmith"],
  ["langsmith-0-3-87", "/langsmith/api/v1"],
  ["langsmith-0-1-68", "/langsmith/api"],
])(
  "traces a program with %s by way of %j, and reads it back",
  async (sdk, prefix) => {
    const { server, key } = await start();
    const { story, errors } = await tell(sdk, server, { key, prefix });
    expect(errors).not.toMatch(/Failed|rror/);
    const program = story.runs.find(({ name }) => name === "program");
    const below = story.runs.filter(({ parent }) => parent === program?.id).map(({ name }) => name);
    expect(below.toSorted()).toEqual(["ChatOpenAI", "ChatOpenAI", "search", "search"]);
    expect(story.roots).toBe(2);
    expect(story.found).toMatchObject([
      { name: "search", error: expect.stringContaining("no such page") },
    ]);
    expect(story.hand).toMatchObject({
      name: "by hand",
      inputs: { n: 1 },
      outputs: { n: 2 },
      status: "success",
      child_runs: [{ name: "step", outputs: { text: "y" } }],
    });
    expect(story.feedback).toMatchObject([
      { run_id: story.handId, key: "quality", score: 0.75, comment: "so so" },
    ]);
    expect(story.projects).toContain("story");
    expect(story.url).toContain(`/projects/p/${story.projectId}/r/${story.handId}`);
    expect(story.shared).toBe(story.link);
    expect(await read(server, `/runs/${story.createdId}`)).toMatchObject({
      name: "created",
      outputs: { b: 2 },
      status: "success",
    });
    expect(await read(server, `/runs/${program?.id}`)).toMatchObject({
      inputs: expect.anything(),
      outputs: { pages: ["page about rivers"], answer: "word0 word1", streamed: "word0 word1 " },
      tags: ["story"],
      thread_id: "thread-1",
      extra: { metadata: { user_id: "ada", tier: "gold" } },
    });
    const { runs: calls } = (await read(server, "/runs/query", {
      session: [story.projectId],
      run_type: "llm",
      filter: 'eq(name, "ChatOpenAI")',
    })) as { runs: Wire[] };
    expect(calls).toHaveLength(2);
    for (const call of calls) {
      expect(call).toMatchObject({ status: "success", prompt_tokens: expect.any(Number) });
      expect(JSON.stringify(call["outputs"])).toContain("word0 word1");
    }
    const isTimed = calls.some((call) => call["first_token_time"] !== null);
    // The oldest does not say when the first token came.
    expect(isTimed).toBe(sdk !== "langsmith-0-1-68");
  },
  60_000,
);
