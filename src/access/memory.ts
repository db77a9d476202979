import {
  type AccessState,
  type KeyRecord,
  type SessionRecord,
  type TenantRecord,
  type UserRecord,
  bothAllow,
} from "../core/access.ts";
import { type Caller, DEFAULT_TENANT } from "../core/call.ts";
import { WeirError } from "../core/errors.ts";
import { hashOf } from "./secret.ts";

/** A secret that somebody may call with. */
interface Entry {
  readonly key: KeyRecord;
  readonly caller: Caller;
  readonly isDisabled: boolean;
  /** When this secret ends: its key's expiry, or the end of the overlap after a rotation. */
  readonly endsAt: number;
  readonly isReplaced: boolean;
}

const MAX_RECENT = 1000;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Keys, tenants, users and sign-ins in memory: looked up for every call, in constant time and without
 * asking anybody. Revoked keys are not in it; expired ones are, to say so.
 */
export class AccessMemory {
  private bySecretHash = new Map<string, Entry>();
  private byKeyId = new Map<string, Entry>();
  private users = new Map<string, UserRecord>();
  private sessions = new Map<string, SessionRecord>();
  /** Secrets seen lately: a hash for each call is 2 % of a relayed one. */
  private readonly recent = new Map<string, Entry>();
  state: AccessState = { version: -1, keys: [], tenants: [], users: [], sessions: [] };

  /** Takes a newer state; an older one, which came late, is left. */
  fill(state: AccessState): void {
    if (state.version < this.state.version) return;
    this.state = state;
    const tenants = new Map(state.tenants.map((tenant) => [tenant.id, tenant]));
    this.bySecretHash = new Map();
    this.byKeyId = new Map();
    for (const key of state.keys) if (key.revokedAt === null) this.add(key, tenants);
    this.users = new Map(state.users.map((user) => [user.id, user]));
    this.sessions = new Map(state.sessions.map((session) => [session.id, session]));
    this.recent.clear();
  }

  private add(key: KeyRecord, tenants: ReadonlyMap<string, TenantRecord>): void {
    const tenant = tenants.get(key.tenantId);
    const entry: Entry = {
      key,
      caller: toCaller(key, tenant),
      isDisabled: tenant?.disabled === true,
      endsAt: key.expiresAt ?? NEVER,
      isReplaced: false,
    };
    this.byKeyId.set(key.id, entry);
    this.bySecretHash.set(key.hash, entry);
    if (key.previousHash === null) return;
    const endsAt = Math.min(key.previousUntil ?? 0, entry.endsAt);
    const isReplaced = endsAt < entry.endsAt;
    this.bySecretHash.set(key.previousHash, { ...entry, endsAt, isReplaced });
  }

  /** Who calls with a secret. Undefined: unknown. Throws when it is known but no longer good. */
  callerBySecret(secret: string, now: number): Caller | undefined {
    const entry = this.recent.get(secret) ?? this.look(secret);
    return entry && checked(entry, now);
  }

  private look(secret: string): Entry | undefined {
    const entry = this.bySecretHash.get(hashOf(secret));
    if (!entry) return undefined;
    if (this.recent.size >= MAX_RECENT) this.recent.clear();
    this.recent.set(secret, entry);
    return entry;
  }

  /** Who acts for a key, or a user, that started something earlier; undefined when it may no more. */
  callerById(id: string, now: number): Caller | undefined {
    const user = this.users.get(id);
    if (user) return userCaller(user);
    const entry = this.byKeyId.get(id);
    if (!entry || entry.isDisabled || now >= entry.endsAt) return undefined;
    return entry.caller;
  }

  sessionOf(secret: string): SessionRecord | undefined {
    return this.sessions.get(hashOf(secret));
  }

  callerBySession(secret: string, now: number): Caller | undefined {
    const session = this.sessionOf(secret);
    if (!session || session.expiresAt <= now) return undefined;
    const id = session.userId ?? session.keyId;
    return id === null ? undefined : this.callerById(id, now);
  }

  userBySession(secret: string): UserRecord | undefined {
    const id = this.sessionOf(secret)?.userId;
    return id == null ? undefined : this.users.get(id);
  }
}

function checked({ caller, endsAt, isDisabled, isReplaced }: Entry, now: number): Caller {
  if (now >= endsAt) {
    const at = new Date(endsAt).toISOString();
    throw new WeirError(
      "unauthorized",
      isReplaced
        ? `This API key was replaced by a new one and ended at ${at}. Use the new one.`
        : `This API key expired at ${at}. Ask whoever gave it to you to renew it, with: weir keys edit ID --expires 90d`,
    );
  }
  if (isDisabled) {
    throw new WeirError(
      "forbidden",
      "The tenant of this API key is disabled. Whoever runs this server can enable it, with: weir tenants enable ID",
    );
  }
  return caller;
}

function toCaller(key: KeyRecord, tenant: TenantRecord | undefined): Caller {
  const models = bothAllow(key.models, tenant?.models ?? null);
  return {
    keyId: key.id,
    keyName: key.name,
    scopes: key.scopes,
    tenantId: key.tenantId,
    ...(models !== null && { models }),
    limits: key.limits,
    tenantLimits: tenant?.limits ?? {},
    ...(key.priority !== null && { priority: key.priority }),
  };
}

function userCaller({ id, email, name, subject, role }: UserRecord): Caller {
  const keyName = email ?? name ?? subject;
  return { keyId: id, keyName, scopes: [role], tenantId: DEFAULT_TENANT };
}
