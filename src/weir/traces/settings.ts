import { join } from "node:path";
import type { WeirConfig } from "../../config/schema.ts";
import type { Settings } from "../../config/settings.ts";
import { WeirError } from "../../core/errors.ts";
import { readKey } from "../sealing-key.ts";
import type { SharedStore, TraceSettings, TraceThreadData } from "./messages.ts";

const MIB = 1024 * 1024;

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
function encryptionKeys(settings: Settings): TraceThreadData["keys"] {
  return (settings.config.traces.encryption?.keys ?? []).map(({ id, ...place }) => ({
    name: id,
    key: readKey(place, `traces.encryption: the key ${id}`, settings),
  }));
}
