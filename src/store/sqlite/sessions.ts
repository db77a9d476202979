import type { DatabaseSync } from "node:sqlite";
import { type KeyStore, type StoredKey, hashOf, newSecret } from "./keys.ts";

const SESSION_MS = 7 * 86_400_000;

export type SessionStore = ReturnType<typeof createSessionStore>;

/** Dashboard sign-ins. The cookie holds a secret of its own, never the API key; kept as a hash. */
export function createSessionStore(db: DatabaseSync, keys: KeyStore, now: () => number) {
  const add = db.prepare("INSERT INTO session (hash, key_id, expires_at) VALUES (?, ?, ?)");
  const find = db.prepare("SELECT key_id FROM session WHERE hash = ? AND expires_at > ?");
  const drop = db.prepare("DELETE FROM session WHERE hash = ?");
  const dropOld = db.prepare("DELETE FROM session WHERE expires_at <= ?");
  return {
    open(keyId: string): { secret: string; expiresAt: number } {
      const secret = newSecret();
      const expiresAt = now() + SESSION_MS;
      dropOld.run(now());
      add.run(hashOf(secret), keyId, expiresAt);
      return { secret, expiresAt };
    },
    /** The key that a session stands for; undefined when it ended or its key was revoked. */
    find(secret: string): StoredKey | undefined {
      const keyId = find.get(hashOf(secret), now())?.["key_id"];
      const key = typeof keyId === "string" ? keys.byId(keyId) : undefined;
      return key?.revoked ? undefined : key;
    },
    close(secret: string): void {
      drop.run(hashOf(secret));
    },
  };
}
