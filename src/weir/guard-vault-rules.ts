import type { Settings } from "../config/settings.ts";
import { later } from "../core/time.ts";
import { createVaultKeys } from "../guard/vault/vault-keys.ts";
import type { SqliteVault } from "../store/sqlite/vault.ts";
import { postgresOptions } from "./access.ts";
import type { VaultRules, VaultStore } from "./guard-vault-keeper.ts";
import { readKey } from "./sealing-key.ts";

/** Calls wait for it: what it does not say by then they do without. */
const ANSWER_MS = 2000;
const CONNECTIONS = 2;
const FOLLOW_MS = 1000;

/** What weir.yaml says of what the vault keeps. Throws invalid_config where a key cannot be used. */
export function vaultRulesOf(settings: Settings): VaultRules | undefined {
  const { mode, key, previousKeys, keep } = settings.config.guard.vault;
  if (mode === "off" || !key) return undefined;
  const current = readKey(key, "guard.vault: the key", settings);
  const previous = previousKeys.map((place, at) =>
    readKey(place, `guard.vault: previousKeys[${at}]`, settings),
  );
  return { keys: createVaultKeys([current, ...previous]), keepMs: keep };
}

/** Where it keeps it: in the data folder, or in PostgreSQL where one is named. */
export async function vaultStoreOf(
  settings: Settings,
  { control, isOn }: { readonly control: SqliteVault; readonly isOn: () => boolean },
  stack: AsyncDisposableStack,
): Promise<VaultStore> {
  const options = postgresOptions(settings);
  if (!options) return control;
  const { openPostgresVault } = await import("../store/postgres/vault.ts");
  const store = await openPostgresVault(
    { ...options, connections: CONNECTIONS, timeoutMs: ANSWER_MS },
    {
      now: Date.now,
      later,
      followMs: settings.config.postgres?.refresh ?? FOLLOW_MS,
      isOn,
    },
  );
  stack.defer(() => store.close());
  return store;
}
