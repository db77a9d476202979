import { expect, it } from "vitest";
import { silentLog } from "../../core/log.ts";
import type { EngineProcess, ProcessListener } from "./engine-process.ts";
import type { HostInfo, HostOptions, ToHost } from "./messages.ts";
import { Supervisor } from "./supervisor.ts";

const OPTIONS = { file: "m.gguf" } as HostOptions; // handed through, never read
const INFO: HostInfo = { contextTokens: 8, devices: [], libraryVersion: "0", build: "test" };

/** Processes that do what the test says, and a clock that stands still until told. */
function start({ hangMs = 60_000 } = {}) {
  let clock = 1;
  let timers: { at: number; run: () => void }[] = [];
  const processes: (ProcessListener & { sent: ToHost[]; killed: boolean; lines: string[] })[] = [];
  const heard: string[] = [];
  const startProcess = (listener: ProcessListener): EngineProcess => {
    const process = { ...listener, sent: [] as ToHost[], killed: false, lines: [] as string[] };
    processes.push(process);
    return {
      pid: processes.length,
      send: (message) => void process.sent.push(message),
      cancel: () => undefined,
      lastLines: () => process.lines,
      kill: () => void (process.killed = true),
      stop: () => Promise.resolve(),
    };
  };
  const schedule = (ms: number, run: () => void): (() => void) => {
    const timer = { at: clock + ms, run };
    timers.push(timer);
    return () => void (timers = timers.filter((one) => one !== timer));
  };
  const supervisor = new Supervisor(
    { startProcess, schedule, now: () => clock, log: silentLog, heartbeatMs: 2000, hangMs },
    {
      ready: () => void heard.push("ready"),
      message: ({ type }) => void heard.push(type),
      lost: ({ code, message }) => void heard.push(`lost ${code}: ${message}`),
      failed: ({ message }) => void heard.push(`failed: ${message}`),
    },
  );
  const pass = (ms: number): void => {
    const end = clock + ms;
    for (;;) {
      const next = timers.toSorted((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      timers = timers.filter((one) => one !== next);
      clock = next.at;
      next.run();
    }
    clock = end;
  };
  supervisor.start(OPTIONS);
  const last = () => {
    const process = processes.at(-1);
    if (!process) throw new Error("no process was started");
    return process;
  };
  return { supervisor, processes, heard, pass, last };
}

it("loads the model and says when it is ready", () => {
  const { supervisor, last, heard } = start();
  expect(supervisor.health).toEqual({ state: "loading" });
  expect(last().sent).toEqual([{ type: "load", options: OPTIONS }]);
  last().message({ type: "ready", info: INFO });
  expect(supervisor.health).toEqual({ state: "ready" });
  expect(heard).toEqual(["ready"]);
});

it("gives up when the model cannot be loaded, in the library's own words", async () => {
  const { supervisor, last, heard } = start();
  last().lines.push("llama_model_load: error loading model: missing tensor 'output.weight'");
  last().message({ type: "load_failed", error: { code: "model_unavailable", message: "No." } });
  await Promise.resolve();
  expect(supervisor.state).toBe("failed");
  expect(heard[0]).toContain("missing tensor 'output.weight'");
});

it("gives up when the first load ends the process", async () => {
  const { supervisor, last } = start();
  last().exit("SIGABRT");
  await Promise.resolve();
  expect(supervisor.health.state).toBe("failed");
  expect(supervisor.health.detail).toContain("SIGABRT");
});

it("starts a crashed host again, waiting longer each time", () => {
  const { supervisor, processes, heard, pass, last } = start();
  last().message({ type: "ready", info: INFO });
  for (const [crash, waitMs] of [500, 1000, 2000].entries()) {
    last().exit("SIGKILL");
    expect(supervisor.health.state).toBe("failed");
    pass(waitMs - 1);
    expect(processes).toHaveLength(crash + 1);
    pass(1);
    expect(processes).toHaveLength(crash + 2);
    last().message({ type: "ready", info: INFO });
  }
  expect(supervisor.restarts).toBe(3);
  expect(heard.filter((one) => one.startsWith("lost engine_crashed"))).toHaveLength(3);
});

it("tries again when a model that was loaded before cannot be loaded now", async () => {
  const { supervisor, processes, pass, last } = start();
  last().message({ type: "ready", info: INFO });
  last().exit("SIGKILL");
  pass(500);
  last().message({ type: "load_failed", error: { code: "model_unavailable", message: "No." } });
  await Promise.resolve();
  expect(supervisor.health.detail).toContain("could not load its model again: No.");
  pass(1000);
  expect(processes).toHaveLength(3);
});

it("forgives crashes after a minute of health", () => {
  const { processes, pass, last } = start();
  for (let crash = 0; crash < 3; crash++) {
    last().message({ type: "ready", info: INFO });
    for (let beat = 0; beat < 31; beat++) {
      pass(2000);
      last().message({ type: "pong", rssBytes: 1 });
    }
    last().exit("SIGKILL");
    pass(500);
  }
  expect(processes).toHaveLength(4);
});

it("ends a host that stopped answering, and starts another", () => {
  const { supervisor, heard, pass, last } = start({ hangMs: 10_000 });
  last().message({ type: "ready", info: INFO });
  pass(10_000);
  expect(last().killed).toBe(false);
  pass(4000);
  expect(last().killed).toBe(true);
  last().exit("SIGKILL");
  expect(heard.at(-1)).toContain("stopped answering");
  pass(500);
  expect(supervisor.state).toBe("loading");
});

it("lets a host that answers take all the time it needs", () => {
  const { pass, last } = start({ hangMs: 10_000 });
  last().message({ type: "ready", info: INFO });
  for (let round = 0; round < 20; round++) {
    pass(8000);
    last().message({ type: "step", calls: [], cache: { running: 0, kept: 0 } });
  }
  expect(last().killed).toBe(false);
});

it("says whether it is worth waiting for the next start", () => {
  const { supervisor, pass, last } = start();
  last().message({ type: "ready", info: INFO });
  for (let crash = 0; crash < 6; crash++) {
    last().exit("SIGKILL");
    if (crash < 5) pass(30_000);
  }
  expect(supervisor.isWorthWaiting).toBe(false);
  pass(14_000);
  expect(supervisor.isWorthWaiting).toBe(true);
});

it("hears nothing more of a host that it has replaced or stopped", async () => {
  const { supervisor, processes, heard, last } = start();
  last().message({ type: "ready", info: INFO });
  await supervisor.stop();
  processes[0]?.exit("SIGTERM");
  processes[0]?.message({ type: "step", calls: [], cache: { running: 0, kept: 0 } });
  expect(heard).toEqual(["ready"]);
  expect(supervisor.health).toEqual({ state: "stopped" });
});
