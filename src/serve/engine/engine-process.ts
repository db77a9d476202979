import { fork, type ChildProcess } from "node:child_process";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { FromHost, ToHost } from "./messages.ts";

/** What the engine needs of the process in which its model lives. */
export interface EngineProcess {
  readonly pid: number | undefined;
  send(message: ToHost): void;
  /** Sends a cancel on both ways: the message, and the pipe that is read in the middle of a decode. */
  cancel(id: number): void;
  /** The last lines that the library printed. */
  lastLines(): readonly string[];
  /** Ends it without asking. */
  kill(): void;
  /** Resolves when it is gone; asks first, kills after a while. */
  stop(): Promise<void>;
}

export interface ProcessListener {
  message(message: FromHost): void;
  /** The process is gone, for whatever reason; nothing more is called. */
  exit(reason: string): void;
}

export type StartProcess = (listener: ProcessListener) => EngineProcess;

const LINES_KEPT = 40;
const STOP_MS = 2000;
/** stdin, stdout, stderr, messages, cancels; host.ts reads the last by its number. */
const STDIO = ["ignore", "ignore", "pipe", "ipc", "pipe"] as const;

/** Starts an engine host with the same Node as ours, from source or from the build alike. */
export function startEngineProcess(listener: ProcessListener): EngineProcess {
  const entry = fileURLToPath(import.meta.url).replace(/engine-process(\.[jt]s)$/, "host$1");
  const child = fork(entry, {
    stdio: [...STDIO],
    serialization: "advanced",
    execArgv: [],
  });
  const lines = collectLines(child);
  const pipe = child.stdio[4] as Writable; // STDIO says so
  // A pipe whose reader died reports it; the exit event says the rest.
  pipe.on("error", () => undefined);
  let exited = false;
  const gone = new Promise<void>((resolve) => {
    const over = (reason: string): void => {
      if (exited) return;
      exited = true;
      resolve();
      listener.exit(reason);
    };
    child.on("error", (error) => over(error.message));
    child.on("exit", (code, signal) => {
      const reason = signal === null ? `exit code ${code}` : signal;
      // What it printed last may still be on its way.
      if (child.stderr === null || child.stderr.closed) over(reason);
      else child.stderr.once("close", () => over(reason));
    });
  });
  child.on("message", (message) => listener.message(message as FromHost)); // our own child
  const send = (message: ToHost): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  return {
    pid: child.pid,
    send,
    cancel(id) {
      send({ type: "cancel", id });
      pipe.write("c");
    },
    lastLines: () => lines,
    kill: () => void child.kill("SIGKILL"),
    async stop() {
      if (child.connected) child.disconnect();
      // The end of the cancel pipe stops a decode that would keep the host from noticing.
      pipe.destroy();
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      if (!exited) await gone;
      clearTimeout(timer);
    },
  };
}

function collectLines({ stderr }: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = "";
  stderr?.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    lines.splice(0, lines.length - LINES_KEPT);
  });
  return lines;
}
