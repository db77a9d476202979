import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { createSseParser } from "../../src/core/sse.ts";
import type { System } from "./measure.ts";
import { NEVER_END, type Settings } from "./our-engine.ts";

/** The peer, with the settings that ours has: same slots, threads, context and cache type. */
export async function startLlamaServer(
  binary: string,
  { file, slots, contextTokens, threads }: Settings,
): Promise<System & { pid: () => number }> {
  const port = await freePort();
  const args: Record<string, string> = {
    "--model": file,
    "--host": "127.0.0.1",
    "--port": String(port),
    "--parallel": String(slots),
    "--ctx-size": String(slots * contextTokens),
    "--threads": String(threads),
    "--threads-batch": String(threads),
    "--threads-http": "2",
    "--cache-ram": "0",
  };
  const child = spawn(binary, [...Object.entries(args).flat(), "--no-webui"], { stdio: "ignore" });
  const agent = new Agent({ keepAlive: false });
  await ready(port, child.pid);
  return {
    name: "llama-server",
    pid: () => child.pid ?? 0,
    complete: (prompt, tokens, onToken) => complete({ port, agent, prompt, tokens, onToken }),
    async close() {
      agent.destroy();
      if (child.exitCode !== null) return;
      child.kill();
      await once(child, "exit");
    },
  };
}

interface Call {
  readonly port: number;
  readonly agent: Agent;
  readonly prompt: string;
  readonly tokens: number;
  readonly onToken: (() => void) | undefined;
}

function complete({ port, agent, prompt, tokens, onToken }: Call): ReturnType<System["complete"]> {
  const startedAt = performance.now();
  const tokenAt: number[] = [];
  const body = JSON.stringify({
    prompt,
    n_predict: tokens,
    temperature: 0,
    stream: true,
    cache_prompt: false,
    logit_bias: Object.entries(NEVER_END).map(([token, bias]) => [Number(token), bias]),
  });
  return new Promise((resolve, reject) => {
    const parser = createSseParser(({ data }) => {
      const { content } = JSON.parse(data) as { content?: string };
      if (!content) return;
      tokenAt.push(performance.now());
      onToken?.();
    });
    const call = request(
      { port, agent, path: "/completion", method: "POST", host: "127.0.0.1" },
      (response) => {
        response.setEncoding("utf8");
        response.on("data", (text: string) => parser.push(text));
        response.on("end", () => resolve({ startedAt, tokenAt }));
        response.on("error", reject);
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

async function ready(port: number, pid: number | undefined): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    if (answer?.ok) return;
    await wait(100);
  }
  throw new Error(`llama-server ${pid} did not become ready`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
