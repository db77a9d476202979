import type { Settings } from "../config/settings.ts";
import { createVaultKeys } from "../guard/vault/vault-keys.ts";
import type { SqliteVault } from "../store/sqlite/vault.ts";
import type { VaultRules, VaultStore } from "./guard-vault-keeper.ts";
import { readKey } from "./sealing-key.ts";

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

/** Where it keeps it: in the data folder. */
export async function vaultStoreOf(
  _settings: Settings,
  control: SqliteVault,
  _stack: AsyncDisposableStack,
): Promise<VaultStore> {
  return control;
}
