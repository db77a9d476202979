import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const ENTRY = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

export interface Cli {
  readonly child: ChildProcess;
  /** What it wrote so far, both streams. */
  output(): string;
  /** Resolves when the output matches; rejects when the process ends first. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit status; null when a signal ended it. */
  ended: Promise<number | null>;
}

/** `weir …` as a process of its own; killed with the test if it still runs. */
export function weir(
  args: readonly string[],
  { cwd = "/", env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Cli {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let written = "";
  const listeners = new Set<() => void>();
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      resolve(code);
      for (const listener of listeners) listener();
    });
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      written += bytes.toString();
      for (const listener of listeners) listener();
    });
  }
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return {
    child,
    ended,
    output: () => written,
    says(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(written);
          if (found) resolve(found);
          else if (child.exitCode !== null || child.signalCode !== null) {
            reject(new Error(`ended without saying ${String(pattern)}:\n${written}`));
          } else return;
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      });
    },
  };
}

/** `weir serve` in this folder on any free port, once it listens. */
export async function serve(
  cwd: string,
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<Cli & { url: string }> {
  const server = weir(["serve", "--port", "0", ...args], {
    cwd,
    env: { WEIR_ADMIN_KEY: "wk-test-admin-key", ...env },
  });
  const [, url = ""] = await server.says(/"event":"listening","url":"([^"]+)"/);
  return { ...server, url };
}
