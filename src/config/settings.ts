import { Routing } from "./routing.ts";
import { isAbsolute, resolve } from "node:path";
import { WeirError } from "../core/errors.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";
import type { WeirConfig } from "./schema.ts";

/** What the command line and the environment may say over the file. The command line wins. */
export interface Overrides {
  readonly config?: string;
  readonly host?: string;
  readonly port?: string;
  readonly data?: string;
  /** A GGUF file to serve as the model `chat`, in place of the file's models. */
  readonly model?: string;
  readonly workers?: string;
}

export interface Settings {
  readonly config: WeirConfig;
  readonly configPath: string | undefined;
  /** The config file's text, to notice when it changes. */
  readonly configText: string;
  /** What relative paths in the config are relative to. */
  readonly folder: string;
  /** Absolute. */
  readonly dataFolder: string;
  /** From WEIR_ADMIN_KEY: stands in for the generated admin key. */
  readonly adminKey: string | undefined;
  /** Reads a secret by the name of its variable. */
  readonly secret: (name: string) => string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that a server is started with, from flags, environment and file, in that order. */
export function readSettings(flags: Overrides, env: Environment, cwd: string): Settings {
  const loaded = loadConfig(flags.config ?? env["WEIR_CONFIG"], cwd);
  return withOverrides(loaded, flags, env, cwd);
}

function withOverrides(
  { config, path, text, folder }: LoadedConfig,
  flags: Overrides,
  env: Environment,
  cwd: string,
): Settings {
  const host = flags.host ?? env["WEIR_HOST"];
  const port = flags.port ?? env["WEIR_PORT"];
  const data = flags.data ?? env["WEIR_DATA"];
  const workers = flags.workers ?? env["WEIR_WORKERS"];
  const server = {
    ...config.server,
    ...(host && { host }),
    ...(port && { port: parsePort(port) }),
    ...(workers && { workers: parseWorkers(workers) }),
  };
  const models = flags.model ? modelFromFile(config, resolve(cwd, flags.model)) : config.models;
  return {
    config: Object.freeze({ ...config, server, models }),
    configPath: path,
    configText: text,
    folder,
    dataFolder: data ? resolve(cwd, data) : resolve(folder, config.data),
    adminKey: env["WEIR_ADMIN_KEY"] || undefined,
    secret: (name) => env[name] || undefined,
  };
}

function parseWorkers(text: string): number | "auto" {
  const count = Number(text);
  if (text === "auto" || (Number.isInteger(count) && count >= 1 && count <= 256))
    return text === "auto" ? text : count;
  throw new WeirError("invalid_config", `Workers must be 1 to 256, or auto, not "${text}".`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new WeirError("invalid_config", `The port must be 0 to 65535, not "${text}".`);
}

function modelFromFile(config: WeirConfig, file: string): WeirConfig["models"] {
  const target = {
    provider: "llama" as const,
    file: isAbsolute(file) ? file : resolve(file),
    slots: 8,
    context: 2048,
    kvType: "f16" as const,
    queue: 128,
    weight: 1,
    fallback: false,
    tags: [],
  };
  return {
    ...config.models,
    chat: { targets: [target], routing: Routing.parse(undefined), volatileLines: [] },
  };
}
