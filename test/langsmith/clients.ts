import { randomUUID } from "node:crypto";
import { Client } from "langsmith";
import { ADMIN_KEY, type TestServer, startServer } from "../support/server.ts";
import {
  type PythonPart,
  type PythonRequest,
  pythonMultipart,
  pythonPatch,
  pythonPost,
} from "../support/python-bodies.ts";

/** How the tests of this folder write to and read from a server without an SDK. */

export type Wire = Record<string, unknown>;

export function send(server: TestServer, { path, headers, body }: PythonRequest, method = "POST") {
  const sent = { body, headers: { "x-api-key": ADMIN_KEY, ...headers } };
  return fetch(`${server.url}${path}`, { ...sent, method });
}

export function sendParts(server: TestServer, parts: readonly PythonPart[]): Promise<Response> {
  return send(server, pythonMultipart(parts));
}

/** What a read answers; fails with what it says where that is no success. */
export async function read(server: TestServer, path: string, body?: unknown): Promise<Wire> {
  const answer = await server.call(`/api/v1${path}`, body);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Wire;
}

/** A new key's secret. */
export async function keyOf(server: TestServer, wish: Wire): Promise<string> {
  const answer = await server.call("/admin/v1/keys", { name: "app", ...wish });
  return ((await answer.json()) as { key: string }).key;
}

/** A server, and the newest SDK before it. */
export async function start(yaml?: string) {
  const server = await startServer(yaml);
  const client = new Client({ apiUrl: `${server.url}/api/v1`, apiKey: ADMIN_KEY });
  return { server, client };
}

export interface Kept {
  readonly id: string;
  readonly child: string;
  readonly project: string;
}

/** A trace of a chain over a model, which used 10 tokens in and 5 out and cost a third of a dollar. */
export async function trace(
  server: TestServer,
  more: { at?: Date; thread?: string; fails?: boolean; project?: string } = {},
): Promise<Kept> {
  const start = more.at ?? new Date(Date.now() - 5000);
  const end = new Date(start.getTime() + 2000);
  const { project = "shop" } = more;
  const metadata = { tier: "gold", seats: 3, ...(more.thread && { thread_id: more.thread }) };
  const root = { id: randomUUID(), name: "agent", start, project, tags: ["prod"], metadata };
  const usage = {
    input_tokens: 10,
    output_tokens: 5,
    total_tokens: 15,
    input_cost: 0.1,
    output_cost: 0.2333,
    total_cost: 0.3333,
    output_token_details: { reasoning: 2 },
  };
  const child = {
    id: randomUUID(),
    name: "model",
    type: "llm",
    start,
    project,
    parents: [root],
    metadata: { usage_metadata: usage, ls_model_name: "m-1", ls_provider: "p" },
  };
  const ended = more.fails
    ? { error: "boom", outputs: { output: null } }
    : { outputs: { answer: "red fox" } };
  await sendParts(server, [
    ...pythonPost(root, { question: "which fox?" }),
    ...pythonPost(child, { messages: [] }),
    ...pythonPatch(child, end, { outputs: { text: "red" } }),
    ...pythonPatch(root, end, ended),
  ]);
  const { session_id: projectId } = await read(server, `/runs/${root.id}`);
  return { id: root.id, child: child.id, project: String(projectId) };
}
