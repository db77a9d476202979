/** Doubles of upstreams as processes of their own: they can be killed, and stopped as a machine that swaps. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "..", "src", "cli", "main.ts");

export interface Double {
  readonly url: string;
  readonly port: number;
  /** As `kill -9` does. Resolves when it is gone. */
  kill(): Promise<void>;
  /** It keeps its connections and says nothing more, until `goOn`. */
  stall(): void;
  goOn(): void;
}

/** `weir mock` with these options, on a port of its own. */
export async function startDouble(...options: readonly string[]): Promise<Double> {
  const child = spawn(process.execPath, [MAIN, "mock", "-p", "0", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // An example that fails must not leave processes behind.
  process.once("exit", () => child.kill("SIGKILL"));
  const url = await urlOf(child);
  return {
    url,
    port: Number(new URL(url).port),
    stall: () => void child.kill("SIGSTOP"),
    goOn: () => void child.kill("SIGCONT"),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout?.on("data", (bytes: Buffer) => {
      said += bytes.toString();
      const [url] = /http:\/\/[\d.:]+/.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    });
    child.once("exit", () => reject(new Error(`the double ended at its start: ${said}`)));
  });
}
