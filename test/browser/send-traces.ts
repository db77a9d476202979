import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { TestServer } from "../support/server.ts";

/** Traces as LangSmith's SDKs send them, for the dashboard to show. */

interface Sent {
  readonly [field: string]: unknown;
  readonly id: string;
}

/** Posts runs and waits until they can be read. */
export async function sendRuns(server: TestServer, runs: readonly Sent[]): Promise<void> {
  const answer = await server.call("/runs/batch", { post: runs, patch: [] });
  expect(answer.status).toBe(202);
}

/** A question answered with the help of a search: a chain, a retriever, a tool that failed, two models. */
export async function sendAgent(server: TestServer, question: string, at: number): Promise<string> {
  const ids = Array.from({ length: 5 }, () => randomUUID());
  const [root = "", search = "", tool = "", draft = "", final = ""] = ids;
  const shared = {
    trace_id: root,
    session_name: "shop",
    extra: { metadata: { user_id: "ann", thread_id: "t-7" } },
  };
  const step = (id: string, name: string, type: string, from: number, to: number) => ({
    ...shared,
    id,
    name,
    run_type: type,
    start_time: at + from,
    end_time: at + to,
    ...(id !== root && { parent_run_id: root }),
  });
  await sendRuns(server, [
    {
      ...step(root, "shop agent", "chain", 0, 2400),
      inputs: { question },
      outputs: { answer: "It left the harbour and is on its way." },
      tags: ["prod", "eu"],
    },
    {
      ...step(search, "search parcels", "retriever", 20, 320),
      inputs: { query: question },
      outputs: {
        documents: [{ page_content: "Parcel 7 left the harbour.", metadata: { source: "log.md" } }],
      },
    },
    {
      ...step(tool, "track", "tool", 330, 500),
      inputs: { parcel: 7 },
      error: "Timeout: no answer",
    },
    model(step(draft, "ChatOpenAI", "llm", 510, 1500), question, [900, 120]),
    model(step(final, "ChatAnthropic", "llm", 1520, 2380), question, [1400, 260]),
  ]);
  return root;
}

function model(run: Sent & { start_time: number }, question: string, tokens: readonly number[]) {
  const [input = 0, output = 0] = tokens;
  const isFirst = run["name"] === "ChatOpenAI";
  return {
    ...run,
    inputs: {
      messages: [
        { role: "system", content: "You help in a shop. Be short." },
        { role: "user", content: question },
      ],
      temperature: 0.2,
    },
    outputs: {
      choices: [
        { message: { role: "assistant", content: "It is on its way." }, finish_reason: "stop" },
      ],
    },
    events: [300, 340, 390, 420, 640].map((after) => ({
      name: "new_token",
      time: new Date(run.start_time + after).toISOString(),
    })),
    extra: {
      metadata: {
        user_id: "ann",
        ls_provider: isFirst ? "openai" : "anthropic",
        ls_model_name: isFirst ? "gpt-5-mini" : "claude-sonnet-4-5",
        usage_metadata: {
          input_tokens: input,
          output_tokens: output,
          total_tokens: input + output,
          input_token_details: { cache_read: 400 },
        },
      },
    },
  };
}
