import type { Caller } from "../core/call.ts";
import type { ControlStore } from "../store/sqlite/control.ts";
import type { StoredKey } from "../store/sqlite/keys.ts";

/** Who may come in: keys and dashboard sessions, as the HTTP edge asks for them. */

const REFRESH_MS = 1000;
const ENV_KEY_ID = "key_env";
const ENV_KEY_NAME = "WEIR_ADMIN_KEY";

interface Keys {
  readonly control: ControlStore;
  /** When keys were last used, since this was last written down. */
  readonly usedKeys: Map<string, number>;
}

/**
 * Once a second: notes when keys were last used, and sees what other processes did to them. Gives
 * the function that ends it.
 */
export function followKeys({ control: { keys }, usedKeys }: Keys): () => void {
  const follow = () => {
    keys.refresh();
    keys.touch(usedKeys);
    usedKeys.clear();
  };
  const timer = setInterval(follow, REFRESH_MS);
  return () => {
    clearInterval(timer);
    follow();
  };
}

/** Who calls with a key; nobody, once it was revoked. */
export function callerOf(key: StoredKey | undefined): Caller | undefined {
  if (!key || key.revoked) return undefined;
  return { keyId: key.id, keyName: key.name, scopes: key.scopes };
}

/** Keys and sessions as callers. */
export function credentialsOf({ control, usedKeys }: Keys) {
  return {
    key(secret: string): Caller | undefined {
      const key = control.keys.find(secret);
      if (key) usedKeys.set(key.id, Date.now());
      return callerOf(key);
    },
    session: (secret: string): Caller | undefined => callerOf(control.sessions.find(secret)),
  };
}

/** Dashboard sign-ins, for admin keys only. */
export function sessionsOf({ keys, sessions }: ControlStore) {
  return {
    open(secret: string) {
      const key = keys.find(secret);
      return key?.scopes.includes("admin") ? sessions.open(key.id) : undefined;
    },
    close: (secret: string) => sessions.close(secret),
  };
}

/** Gives the new key when one had to be made: on the first start, or after all were revoked. */
export function ensureAdminKey(
  { keys }: ControlStore,
  fromEnvironment: string | undefined,
): string | undefined {
  keys.put(ENV_KEY_ID, ENV_KEY_NAME, ["admin", "inference"], fromEnvironment);
  const hasAdmin = keys.list().some((key) => !key.revoked && key.scopes.includes("admin"));
  return hasAdmin ? undefined : keys.add("admin", ["admin", "inference"]).secret;
}
