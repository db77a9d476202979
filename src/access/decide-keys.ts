import {
  type AccessState,
  type AccessWrite,
  type Decision,
  type KeyRecord,
  afterWrites,
  covers,
} from "../core/access.ts";
import { WeirError } from "../core/errors.ts";

/** What becomes of keys: pure decisions over the state, which throw when a wish cannot be. */

/** The key that WEIR_ADMIN_KEY stands for. */
export const ENV_KEY_ID = "key_env";

/** What can be said of a key, when it is made and later. */
export type KeyWish = Pick<
  KeyRecord,
  | "name"
  | "scopes"
  | "tenantId"
  | "expiresAt"
  | "models"
  | "limits"
  | "priority"
  | "note"
  | "metadata"
>;

/** A secret as the record keeps it. */
export type SecretFacts = Pick<KeyRecord, "hash" | "prefix">;

type MadeOf = SecretFacts & { readonly id: string };

export function makeKey(
  state: AccessState,
  wish: KeyWish,
  made: MadeOf,
  now: number,
): Decision<KeyRecord> {
  checkWish(state, wish, now);
  const row: KeyRecord = {
    ...wish,
    ...made,
    previousHash: null,
    previousUntil: null,
    createdAt: now,
    lastUsedAt: null,
    revokedAt: null,
  };
  return { writes: [{ put: "key", row }], result: row };
}

export function editKey(
  state: AccessState,
  id: string,
  wish: Partial<KeyWish>,
  now: number,
): Decision<KeyRecord> {
  const row = { ...keyInUse(state, id), ...wish };
  checkOwnership(id);
  checkWish(state, wish, now);
  const writes: AccessWrite[] = [{ put: "key", row }];
  checkAdminStays(state, writes, now);
  return { writes, result: row };
}

/** A new secret for the same key; the old one is good for `graceMs` more. */
export function rotateKey(
  state: AccessState,
  id: string,
  made: SecretFacts & { readonly graceMs: number },
  now: number,
): Decision<KeyRecord> {
  const key = keyInUse(state, id);
  checkOwnership(id);
  const { graceMs, ...secret } = made;
  const previous =
    graceMs === 0
      ? { previousHash: null, previousUntil: null }
      : { previousHash: key.hash, previousUntil: now + graceMs };
  const row = { ...key, ...secret, ...previous };
  return { writes: [{ put: "key", row }], result: row };
}

/** Ends a key, its old secret and the sign-ins that were made with it. */
export function revokeKey(state: AccessState, id: string, now: number): Decision<KeyRecord> {
  const row = { ...keyInUse(state, id), revokedAt: now, previousHash: null, previousUntil: null };
  checkOwnership(id);
  const writes: AccessWrite[] = [{ put: "key", row }, ...endSessions(state, id)];
  checkAdminStays(state, writes, now);
  return { writes, result: row };
}

/** A new admin key in place of all others: for who lost theirs. */
export function replaceAdmins(
  state: AccessState,
  wish: KeyWish,
  made: MadeOf,
  now: number,
): Decision<KeyRecord> {
  const gone = state.keys.filter(
    ({ id, scopes, revokedAt }) =>
      revokedAt === null && id !== ENV_KEY_ID && covers(scopes, "admin"),
  );
  const ends = gone.flatMap((key): AccessWrite[] => [
    { put: "key", row: { ...key, revokedAt: now, previousHash: null, previousUntil: null } },
    ...endSessions(state, key.id),
  ]);
  const { writes, result } = makeKey(state, wish, made, now);
  return { writes: [...ends, ...writes], result };
}

/** The key from the environment as it is now: there, or not. */
export function followEnvironment(
  state: AccessState,
  key: (KeyWish & SecretFacts) | undefined,
  now: number,
): Decision<void> {
  const known = state.keys.find(({ id }) => id === ENV_KEY_ID);
  if (known?.hash === key?.hash) return { writes: [], result: undefined };
  const writes: AccessWrite[] = [
    ...endSessions(state, ENV_KEY_ID),
    { drop: "key", id: ENV_KEY_ID },
  ];
  const same = state.keys.find(({ id, hash }) => id !== ENV_KEY_ID && hash === key?.hash);
  if (same && (same.revokedAt !== null || !covers(same.scopes, "admin"))) {
    throw new WeirError(
      "invalid_config",
      `WEIR_ADMIN_KEY is the secret of the key "${same.name}", which is no admin key${same.revokedAt === null ? "" : " any more: it was revoked"}. Choose another secret.`,
    );
  }
  if (!key || same) return { writes, result: undefined };
  const { hash, prefix, ...wish } = key;
  const made = makeKey(state, wish, { id: ENV_KEY_ID, hash, prefix }, now);
  return { writes: [...writes, ...made.writes], result: undefined };
}

/** Whether somebody with a key can still do everything. */
export function hasAdmin(state: AccessState, now: number): boolean {
  return state.keys.some((key) => isAdmin(state, key, now));
}

/**
 * Throws conflict when such writes would leave nobody who can make keys: none at all, or only some
 * whose days are numbered where there was one for good.
 */
export function checkAdminStays(
  state: AccessState,
  writes: readonly AccessWrite[],
  now: number,
): void {
  const after = afterWrites(state, writes);
  const lasts = (at: AccessState) =>
    at.keys.some((key) => key.expiresAt === null && isAdmin(at, key, now));
  if (hasAdmin(after, now) && (lasts(after) || !lasts(state))) return;
  if (!hasAdmin(state, now)) return;
  throw new WeirError(
    "conflict",
    "This is the last admin key that stays: without it nobody could manage this server. Make another one first, with: weir keys create NAME --scope admin",
  );
}

export function keyInUse(state: AccessState, id: string): KeyRecord {
  const key = state.keys.find((one) => one.id === id);
  if (key?.revokedAt === null) return key;
  const what = key ? `The key ${id} was revoked` : `There is no key with the id ${id.slice(0, 80)}`;
  throw new WeirError("not_found", `${what}. The keys in use: weir keys list`);
}

function isAdmin(state: AccessState, key: KeyRecord, now: number): boolean {
  if (key.revokedAt !== null || !covers(key.scopes, "admin")) return false;
  if (key.expiresAt !== null && key.expiresAt <= now) return false;
  return !state.tenants.some(({ id, disabled }) => id === key.tenantId && disabled);
}

function endSessions({ sessions }: AccessState, keyId: string): AccessWrite[] {
  return sessions
    .filter((session) => session.keyId === keyId)
    .map(({ id }) => ({ drop: "session", id }));
}

function checkOwnership(id: string): void {
  if (id !== ENV_KEY_ID) return;
  throw new WeirError(
    "conflict",
    "This key is set by the environment variable WEIR_ADMIN_KEY: change it there and restart.",
  );
}

function checkWish(
  { tenants }: AccessState,
  { tenantId, expiresAt }: Partial<KeyWish>,
  now: number,
): void {
  if (tenantId !== undefined && !tenants.some(({ id }) => id === tenantId)) {
    const names = tenants.map(({ id }) => id).join(", ");
    throw new WeirError(
      "invalid_request",
      `There is no tenant "${tenantId.slice(0, 80)}". There are: ${names}. Make one with: weir tenants create ID`,
      { param: "tenant" },
    );
  }
  if (expiresAt != null && expiresAt <= now) {
    throw new WeirError(
      "invalid_request",
      `The time of expiry ${new Date(expiresAt).toISOString()} has passed. Give a later one, or revoke the key.`,
      { param: "expiresAt" },
    );
  }
}
