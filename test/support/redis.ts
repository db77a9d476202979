import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { onTestFinished, type TestContext } from "vitest";
import { missing } from "./missing.ts";
import { temporaryFolder } from "./server.ts";

/** A Redis of the test's own: the real one, on a free port, with nothing kept on disk. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** `redis-cli` with these words; gives what it printed. */
  ask(...words: string[]): string;
  stop(): Promise<void>;
  /** On the same port, empty. */
  start(): Promise<void>;
  /** Stops it from answering, as a machine that swaps does; `wake` lets it go on. */
  sleep(): void;
  wake(): void;
}

export async function startRedis(context: TestContext): Promise<TestRedis> {
  if (spawnSync("redis-server", ["--version"]).error) missing(context, "redis-server");
  const port = await freePort();
  const folder = temporaryFolder();
  let child: ChildProcess | undefined;
  const start = async () => {
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder];
    const started = spawn("redis-server", [...args, "--appendonly", "no"], { stdio: "pipe" });
    child = started;
    await new Promise<void>((resolve, reject) => {
      let said = "";
      started.stdout.on("data", (bytes: Buffer) => {
        said += bytes.toString();
        if (said.includes("Ready to accept connections")) resolve();
      });
      started.once("exit", () => reject(new Error(`redis-server ended:\n${said}`)));
    });
  };
  const stop = async () => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  };
  await start();
  onTestFinished(stop);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    ask: (...words) =>
      spawnSync("redis-cli", ["-p", String(port), ...words], { encoding: "utf8" }).stdout.trim(),
    stop,
    start,
    sleep: () => void child?.kill("SIGSTOP"),
    wake: () => void child?.kill("SIGCONT"),
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  await new Promise((resolve) => server.close(resolve));
  return port;
}
