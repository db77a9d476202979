import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { WeirConfig } from "../../config/schema.ts";
import type { Settings } from "../../config/settings.ts";
import { WeirError, messageOf } from "../../core/errors.ts";
import type { SharedStore, TraceSettings, TraceThreadData } from "./messages.ts";

const MIB = 1024 * 1024;
const KEY_BYTES = 32;

export function tracesData(settings: Settings): TraceThreadData {
  const store = sharedStore(settings);
  return {
    folder: join(settings.dataFolder, "traces"),
    settings: traceSettings(settings.config),
    keys: encryptionKeys(settings),
    ...(store && { store }),
  };
}

/** Throws invalid_config where a variable that weir.yaml names is not set. */
function sharedStore({ config, secret }: Settings): SharedStore | undefined {
  const { store } = config.traces;
  if (store === "sqlite") return undefined;
  const told = (field: string, name: string): string => {
    const value = secret(name);
    if (value !== undefined) return value;
    throw new WeirError(
      "invalid_config",
      `traces.store.${field} names the variable ${name}, which is not set.`,
    );
  };
  if ("postgres" in store) {
    return { kind: "postgres", url: told("postgres.urlEnv", store.postgres.urlEnv) };
  }
  const { url, database, userEnv, passwordEnv } = store.clickhouse;
  return {
    kind: "clickhouse",
    url,
    database,
    user: userEnv && told("clickhouse.userEnv", userEnv),
    password: passwordEnv && told("clickhouse.passwordEnv", passwordEnv),
  };
}

export function traceSettings({ traces, prices }: WeirConfig): TraceSettings {
  return {
    keepMs: traces.keep,
    maxBytes: traces.maxGiB === undefined ? undefined : traces.maxGiB * 1024 * MIB,
    capture: traces.capture,
    routes: traces.routes,
    maxBodyBytes: traces.maxBodyMiB * MIB,
    maxBacklogBytes: traces.spillMiB * MIB,
    isSynced: traces.sync === "always",
    prices,
  };
}

/** Throws invalid_config, naming the key, where one is missing or has another length. */
function encryptionKeys({ config, folder, secret }: Settings): TraceThreadData["keys"] {
  return (config.traces.encryption?.keys ?? []).map(({ id, env, file }) => {
    const text = env === undefined ? readKeyFile(id, file, folder) : secret(env);
    if (text === undefined) {
      throw new WeirError(
        "invalid_config",
        `traces.encryption: the key ${id} is not there: set ${env ?? "its env or file"}.`,
      );
    }
    const trimmed = text.trim();
    const key = Buffer.from(trimmed, /^[0-9a-f]{64}$/i.test(trimmed) ? "hex" : "base64");
    if (key.length === KEY_BYTES) return { name: id, key };
    throw new WeirError(
      "invalid_config",
      `traces.encryption: the key ${id} has ${key.length} bytes. Make one of 32: openssl rand -base64 32`,
    );
  });
}

function readKeyFile(id: string, file: string | undefined, folder: string): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(resolve(folder, file), "utf8");
  } catch (cause) {
    throw new WeirError(
      "invalid_config",
      `traces.encryption: the key ${id} cannot be read: ${messageOf(cause)}.`,
      { cause },
    );
  }
}
