/**
 * Who may come in: keys, tenants, users and sign-ins. Looked up in memory; changed in the store, by
 * pure decisions (`decide-keys.ts`, `decide-tenants.ts`); what other processes change comes by
 * `refresh`. While the store cannot be reached, what is known goes on working and changes are refused.
 */
import type {
  AccessState,
  AccessWrite,
  Decision,
  KeyRecord,
  Role,
  TenantRecord,
  UserRecord,
} from "../core/access.ts";
import { covers } from "../core/access.ts";
import { type Caller, DEFAULT_TENANT } from "../core/call.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Clock } from "../core/time.ts";
import {
  ENV_KEY_ID,
  type KeyWish,
  editKey,
  followEnvironment,
  hasAdmin,
  makeKey,
  replaceAdmins,
  revokeKey,
  rotateKey,
} from "./decide-keys.ts";
import { type TenantWish, dropTenant, editTenant, makeTenant } from "./decide-tenants.ts";
import { AccessMemory } from "./memory.ts";
import type { AccessStore } from "./needs.ts";
import { hashOf, newKeyId, newSecret, prefixOf } from "./secret.ts";

export interface AccessNeeds {
  readonly store: AccessStore;
  readonly now: Clock;
  readonly log: Log;
}

/** A key whose secret is seen this once. */
export interface NewKey {
  readonly key: KeyRecord;
  readonly secret: string;
}

/** Whom an identity provider vouches for. */
export interface Person extends Pick<UserRecord, "issuer" | "subject" | "email" | "name"> {
  readonly role: Role;
}

export interface NewSession {
  readonly secret: string;
  readonly expiresAt: number;
}

const KEY_SESSION_MS = 7 * 86_400_000;
const ADMIN: KeyWish = {
  name: "admin",
  scopes: ["admin", "inference"],
  tenantId: DEFAULT_TENANT,
  expiresAt: null,
  models: null,
  limits: {},
  priority: null,
  note: null,
  metadata: {},
};

/** What a key is that nothing more was said of. */
export const PLAIN_KEY: Omit<KeyWish, "name"> = { ...ADMIN, scopes: ["inference"] };

/** Reads the store once; rejects when it cannot be reached. */
export async function openAccess(needs: AccessNeeds): Promise<Access> {
  const access = new Access(needs);
  await access.start();
  return access;
}

export class Access {
  private readonly needs: AccessNeeds;
  private readonly memory = new AccessMemory();
  /** When keys were last used, since this was last written down. */
  private readonly used = new Map<string, number>();
  private isLost = false;

  constructor(needs: AccessNeeds) {
    this.needs = needs;
  }

  async start(): Promise<void> {
    const { store } = this.needs;
    const state = await store.load();
    if (state) this.memory.fill(state);
    store.onChange(() => void this.refresh());
  }

  /** Who calls with an API key. Undefined: unknown or revoked. Throws for one that is no longer good. */
  key(secret: string): Caller | undefined {
    const now = this.needs.now();
    const caller = this.memory.callerBySecret(secret, now);
    if (caller) this.used.set(caller.keyId, now);
    return caller;
  }

  /** Who acts for a key or user that started something earlier; undefined when it may no more. */
  callerById(id: string): Caller | undefined {
    return this.memory.callerById(id, this.needs.now());
  }

  /** Who signed in on the dashboard; undefined when that is unknown or over. */
  session(secret: string): Caller | undefined {
    return this.memory.callerBySession(secret, this.needs.now());
  }

  /** The person behind a sign-in by way of an identity provider. */
  userOf(secret: string): UserRecord | undefined {
    return this.memory.userBySession(secret);
  }

  /** For a sign-in that is not known here: another replica may just have made it. Never rejects. */
  async recall(secret: string): Promise<void> {
    if (!this.isLost && !this.memory.sessionOf(secret)) await this.refresh();
  }

  /** What is known at this moment. */
  get known(): AccessState {
    return this.memory.state;
  }

  /** The newest state where it can be had, else what is known. Nobody waits for a store that is gone. */
  async look(): Promise<AccessState> {
    if (!this.isLost) {
      await this.note();
      await this.take(() => this.needs.store.load());
    }
    return this.memory.state;
  }

  /** Notes when keys were last used and takes over what others changed. Never rejects. */
  async refresh(): Promise<void> {
    await this.note();
    await this.take(() => this.needs.store.load(this.memory.state.version));
  }

  makeKey(wish: KeyWish, secret = newSecret()): Promise<NewKey> {
    const made = { id: newKeyId(), ...factsOf(secret) };
    return this.changeKey(secret, (state, now) => makeKey(state, wish, made, now));
  }

  editKey(id: string, wish: Partial<KeyWish>): Promise<KeyRecord> {
    return this.change((state, now) => editKey(state, id, wish, now));
  }

  /** A new secret for the same key; the old one stays good for `graceMs`. */
  rotateKey(id: string, graceMs: number): Promise<NewKey> {
    const secret = newSecret();
    const made = { ...factsOf(secret), graceMs };
    return this.changeKey(secret, (state, now) => rotateKey(state, id, made, now));
  }

  revokeKey(id: string): Promise<KeyRecord> {
    return this.change((state, now) => revokeKey(state, id, now));
  }

  /** Revokes every admin key and makes a new one. */
  replaceAdmins(): Promise<NewKey> {
    const secret = newSecret();
    const made = { id: newKeyId(), ...factsOf(secret) };
    return this.changeKey(secret, (state, now) => replaceAdmins(state, ADMIN, made, now));
  }

  /**
   * At a server's start: takes over the admin key of the environment, and makes one where there is
   * none at all. Gives the secret of one that was made.
   */
  async ensureAdmin(fromEnvironment: string | undefined): Promise<string | undefined> {
    const wish =
      fromEnvironment === undefined
        ? undefined
        : { ...ADMIN, name: "WEIR_ADMIN_KEY", ...factsOf(fromEnvironment) };
    const secret = newSecret();
    const made = { id: newKeyId(), ...factsOf(secret) };
    return this.change((state, now): Decision<string | undefined> => {
      const { writes } = followEnvironment(state, wish, now);
      if (wish || hasAdmin(withoutEnvironment(state), now)) return { writes, result: undefined };
      const admin = makeKey(state, ADMIN, made, now);
      return { writes: [...writes, ...admin.writes], result: secret };
    });
  }

  makeTenant(id: string, wish: TenantWish): Promise<TenantRecord> {
    return this.change((state, now) => makeTenant(state, id, wish, now));
  }

  editTenant(id: string, wish: Partial<TenantWish>): Promise<TenantRecord> {
    return this.change((state, now) => editTenant(state, id, wish, now));
  }

  dropTenant(id: string): Promise<TenantRecord> {
    return this.change((state) => dropTenant(state, id));
  }

  /** Signs in with an API key; undefined where the key is unknown or has no role here. */
  async openKeySession(key: string): Promise<NewSession | undefined> {
    const caller = this.key(key);
    if (!caller || !covers(caller.scopes, "viewer")) return undefined;
    return this.openSession({ keyId: caller.keyId, userId: null }, KEY_SESSION_MS);
  }

  /** Signs in somebody whom an identity provider vouches for, with the role of this moment. */
  async openUserSession(person: Person, lastsMs: number): Promise<NewSession> {
    const id = `user_${hashOf(`${person.issuer}\n${person.subject}`).slice(0, 16)}`;
    return this.openSession({ keyId: null, userId: id }, lastsMs, (state, now) => {
      const createdAt = state.users.find((user) => user.id === id)?.createdAt ?? now;
      return { put: "user", row: { ...person, id, createdAt, lastSignInAt: now } };
    });
  }

  async closeSession(secret: string): Promise<void> {
    const id = hashOf(secret);
    await this.change(() => ({ writes: [{ drop: "session", id }], result: undefined }));
  }

  /** Writes down what is left to note, and closes the store. */
  async close(): Promise<void> {
    await this.note();
    await this.needs.store.close();
  }

  private openSession(
    owner: { readonly keyId: string | null; readonly userId: string | null },
    lastsMs: number,
    more?: (state: AccessState, now: number) => AccessWrite,
  ): Promise<NewSession> {
    const secret = newSecret();
    const id = hashOf(secret);
    return this.change((state, now) => {
      const expiresAt = now + lastsMs;
      const row = { ...owner, id, createdAt: now, expiresAt };
      const old = state.sessions
        .filter((session) => session.expiresAt <= now)
        .map((session): AccessWrite => ({ drop: "session", id: session.id }));
      const first = more ? [more(state, now)] : [];
      const writes: AccessWrite[] = [...first, ...old, { put: "session", row }];
      return { writes, result: { secret, expiresAt } };
    });
  }

  private async changeKey(
    secret: string,
    decide: (state: AccessState, now: number) => Decision<KeyRecord>,
  ): Promise<NewKey> {
    return { key: await this.change(decide), secret };
  }

  private async change<T>(decide: (state: AccessState, now: number) => Decision<T>): Promise<T> {
    const { store, now } = this.needs;
    const { result, state } = await store.change((current) => decide(current, now()));
    this.memory.fill(state);
    return result;
  }

  private async note(): Promise<void> {
    if (this.used.size === 0) return;
    const used = new Map(this.used);
    this.used.clear();
    try {
      await this.needs.store.touch(used);
    } catch {
      // The next reading says that the store is gone; these are noted once it is back.
      for (const [id, at] of used) if (!this.used.has(id)) this.used.set(id, at);
    }
  }

  private async take(load: () => Promise<AccessState | undefined>): Promise<void> {
    const { log } = this.needs;
    try {
      const state = await load();
      if (state) this.memory.fill(state);
      if (this.isLost) log.info("access_store_back");
      this.isLost = false;
    } catch (cause) {
      if (!this.isLost) log.error("access_store_lost", { reason: messageOf(cause) });
      this.isLost = true;
    }
  }
}

function factsOf(secret: string) {
  return { hash: hashOf(secret), prefix: prefixOf(secret) };
}

function withoutEnvironment(state: AccessState): AccessState {
  return { ...state, keys: state.keys.filter(({ id }) => id !== ENV_KEY_ID) };
}
