import { readFile } from "node:fs/promises";
import { styleText } from "node:util";
import type { WeirConfig } from "../../config/schema.ts";
import { type Settings, readSettings } from "../../config/settings.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Weir } from "../../weir/weir.ts";
import {
  type Command,
  PLACE_OPTIONS,
  type Terminal,
  UsageError,
  overridesOf,
  text,
} from "../command.ts";
import { isWorker, runAsWorker } from "../worker-process.ts";
import { LOG_LEVELS, type LogLevel, createLog } from "../log.ts";

const WATCH_MS = 500;

/** `weir serve`: the server with all its parts, until it is told to stop. */
export const serve: Command = {
  name: "serve",
  summary: "Run the server: API, dashboard, traces, guard",
  options: {
    ...PLACE_OPTIONS,
    host: { type: "string", value: "ADDRESS", help: "the address to listen on (127.0.0.1)" },
    port: {
      type: "string",
      short: "p",
      value: "PORT",
      help: "the port to listen on (8080); 0 takes any",
    },
    model: {
      type: "string",
      short: "m",
      value: "FILE",
      help: "a GGUF file to serve as the model `chat`",
    },
    workers: {
      type: "string",
      value: "N",
      help: "processes that take calls (1), or auto for all cores",
    },
    "log-level": {
      type: "string",
      value: "LEVEL",
      help: "debug, info, warn or error (info; warn on a terminal)",
    },
  },
  detail: `
Without a config file the built-in model answers as "chat", and state is kept in ./.weir.
WEIR_CONFIG, WEIR_DATA, WEIR_HOST, WEIR_PORT, WEIR_WORKERS and WEIR_ADMIN_KEY say the same as the
options.
A changed config file is taken over at once, or with SIGHUP; a bad one is refused and the old one
stays. Another host, port, data folder, Redis or PostgreSQL, another number of workers, and TLS
switched on or off need a restart.
SIGTERM lets running calls finish (server.drain); a second one ends at once.`,
  async run(values, positionals, terminal) {
    if (positionals.length > 0) throw new UsageError(`unexpected "${positionals[0]}"`);
    const log = createLog(levelOf(text(values, "log-level"), terminal));
    if (isWorker()) return runAsWorker((name) => terminal.env[name] || undefined, log);
    const read = () => {
      const settings = readSettings(overridesOf(values), terminal.env, terminal.cwd);
      return { ...settings, config: onTerminal(settings.config, terminal) };
    };
    const settings = read();
    // Before anybody can hear that it listens: a signal from then on is taken, not died of.
    const signals = listenForSignals(log, terminal);
    const weir = await start(settings, log);
    greet(weir, settings, terminal);
    const config = followConfig(weir, settings, read, log);
    void announceModels(weir, terminal);
    signals.onReload(() => config.reload());
    await signals.stop;
    config.stop();
    await weir.close();
    log.info("stopped");
    return 0;
  },
};

/** One process for everything, or this one behind those that take calls. */
async function start(settings: Settings, log: Log): Promise<Weir> {
  if (settings.config.server.workers === 1) {
    const { startWeir } = await import("../../weir/weir.ts");
    return startWeir(settings, log);
  }
  const { startWithWorkers, workerCount } = await import("../../weir/workers/primary.ts");
  return startWithWorkers(settings, log, workerCount(settings.config));
}

/** Lines about requests are for machines: a person at a terminal has to ask for them. */
function onTerminal(config: WeirConfig, { isTty }: Terminal): WeirConfig {
  const { server } = config;
  if (!isTty || server.accessLog !== "auto") return config;
  return { ...config, server: { ...server, accessLog: "off" } };
}

function levelOf(level: string | undefined, { isTty }: Terminal): LogLevel {
  if (level === undefined) return isTty ? "warn" : "info";
  const known = LOG_LEVELS.find((candidate) => candidate === level);
  if (known) return known;
  throw new UsageError(`--log-level is one of ${LOG_LEVELS.join(", ")}, not "${level}"`);
}

function greet(
  { url, newAdminKey }: Weir,
  { config, dataFolder, configPath }: Settings,
  terminal: Terminal,
): void {
  const strong = (line: string) => (terminal.isTty ? styleText("bold", line) : line);
  const [model = "chat"] = Object.keys(config.models);
  const key = newAdminKey ?? "$WEIR_API_KEY";
  terminal.print(
    [
      "",
      `  ${strong("Weir")} listens at ${strong(url)}`,
      "",
      `  Dashboard  ${url}/`,
      `  API docs   ${url}/docs`,
      newAdminKey === undefined
        ? "  Admin key  printed at the first start (lost? weir keys rotate --admin)"
        : `  Admin key  ${strong(newAdminKey)}   (shown once: keep it)`,
      `  Config     ${configPath ?? "built in (weir init writes a weir.yaml)"}`,
      `  Data       ${dataFolder}`,
      "",
      "  Try it:",
      "",
      `  curl ${url}/v1/chat/completions \\`,
      `    -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\`,
      `    -d '{"model":"${model}","messages":[{"role":"user","content":"What is a KV cache?"}]}'`,
      "",
    ].join("\n"),
  );
}

async function announceModels(weir: Weir, terminal: Terminal): Promise<void> {
  try {
    await weir.ready();
    terminal.print("  Models are ready.");
  } catch (cause) {
    terminal.note(`weir: a model could not be loaded: ${messageOf(cause)}`);
  }
}

interface Following {
  /** Takes the file over now, changed or not. */
  reload(): void;
  stop(): void;
}

/**
 * Takes a changed config file over; a bad one is reported and nothing changes. The text is compared,
 * not the file's times: a mounted ConfigMap changes by its symbolic link.
 */
function followConfig(weir: Weir, started: Settings, read: () => Settings, log: Log): Following {
  const { configPath: path, configText } = started;
  if (path === undefined) {
    return { reload: () => log.warn("no_config_file"), stop: () => undefined };
  }
  let known = configText;
  const look = async (isForced: boolean) => {
    const text = await readFile(path, "utf8").catch(() => known); // gone: perhaps being replaced
    if (text === known && !isForced) return;
    known = text;
    try {
      const next = read();
      const needed = needsRestart(started, next);
      if (needed.length > 0) log.warn("restart_needed", { path, changed: needed });
      const { host, port } = started.config.server;
      await weir.apply({ ...next.config, server: { ...next.config.server, host, port } });
      log.info("config_applied", { path });
    } catch (cause) {
      log.error("config_rejected", { path, reason: messageOf(cause), kept: "the old one" });
    }
  };
  const timer = setInterval(() => void look(false), WATCH_MS);
  return { reload: () => void look(true), stop: () => clearInterval(timer) };
}

/** What changed and stays as it was until a restart. */
function needsRestart(before: Settings, after: Settings): string[] {
  const [was, is] = [before.config.server, after.config.server];
  return [
    ...(was.host === is.host ? [] : ["server.host"]),
    ...(was.port === is.port ? [] : ["server.port"]),
    ...(was.workers === is.workers ? [] : ["server.workers"]),
    ...((was.tls === undefined) === (is.tls === undefined) ? [] : ["server.tls"]),
    ...(before.dataFolder === after.dataFolder ? [] : ["data"]),
    ...(["redis", "postgres"] as const).filter(
      (part) => !isSame(before.config[part], after.config[part]),
    ),
    ...(["store", "encryption", "export", "maxBodyMiB"] as const)
      .filter((part) => !isSame(before.config.traces[part], after.config.traces[part]))
      .map((part) => `traces.${part}`),
  ];
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

interface Signals {
  /** Resolves at the first SIGTERM or Ctrl-C; the second ends the process. */
  readonly stop: Promise<void>;
  /** What SIGHUP does. */
  onReload(reload: () => void): void;
}

function listenForSignals(log: Log, { isTty }: Terminal): Signals {
  const stopped = Promise.withResolvers<void>();
  let isStopping = false;
  let reload = () => {};
  const stop = (signal: string) => {
    if (isStopping) process.exit(130);
    isStopping = true;
    log.info("stopping", { signal });
    stopped.resolve();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // At a terminal it means that the terminal was closed.
  process.on("SIGHUP", (signal) => (isTty ? stop(signal) : reload()));
  return { stop: stopped.promise, onReload: (action) => void (reload = action) };
}
