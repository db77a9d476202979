import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { type Cli, serve } from "./process.ts";
import { ADMIN_KEY, temporaryFolder } from "./server.ts";

export const HI = { model: "chat", messages: [{ role: "user", content: "Hi" }] };

type MockOptions = Parameters<typeof createMockUpstream>[0];

/** A server of two workers before a double of an upstream. `more` goes into weir.yaml. */
export async function startWorkers(more: string, options: MockOptions = {}) {
  const mock = await createMockUpstream(options);
  onTestFinished(() => mock.close());
  const folder = temporaryFolder();
  const target = `{ provider: openai-compatible, url: "${mock.url}", model: up }`;
  const yaml = `models: { chat: { targets: [${target}] }, local: { targets: [{ provider: llama, file: demo }] } }\n${more}\n`;
  writeFileSync(join(folder, "weir.yaml"), yaml);
  const server = await serve(folder, {}, ["--workers", "2"]);
  return { mock, folder, yaml, server, workers: () => pidsOf(server) };
}

/** The processes that listen now. */
function pidsOf(server: Cli): number[] {
  const lines = server
    .output()
    .split("\n")
    .filter((line) => /"event":"worker_(listening|died)"/.test(line))
    .map((line) => JSON.parse(line) as { event: string; pid: number });
  const died = new Set(lines.filter(({ event }) => event === "worker_died").map(({ pid }) => pid));
  return lines
    .filter(({ event, pid }) => event === "worker_listening" && !died.has(pid))
    .map(({ pid }) => pid);
}

/** A connection of its own for each request: they go to the workers in turn. */
export function ask(url: string, path: string, body?: unknown, init: RequestInit = {}) {
  return fetch(new URL(path, url), {
    method: body === undefined ? "GET" : "POST",
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...init,
    headers: {
      authorization: `Bearer ${ADMIN_KEY}`,
      connection: "close",
      "content-type": "application/json",
      ...(init.headers as Record<string, string> | undefined),
    },
  });
}

export const chat = (url: string, body: unknown = HI, init?: RequestInit) =>
  ask(url, "/v1/chat/completions", body, init);

/** The sum over all labels. */
export async function metric(url: string, name: RegExp): Promise<number> {
  const text = await (await ask(url, "/metrics")).text();
  return text
    .split("\n")
    .filter((line) => name.test(line))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}
