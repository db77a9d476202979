import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Clock, Later } from "../core/time.ts";
import { type Told, sameFor } from "../guard/vault/grouping.ts";
import type { Mapping, TenantRing, VaultKeys } from "../guard/vault/vault-keys.ts";
import type { VaultRow } from "../store/vault-rows.ts";
import type { Gauge } from "../watch/metrics/exposition.ts";
import { type Kept, WaitingMappings, sameAs } from "./guard-vault-waiting.ts";

/** Where sealed mappings lie. What has expired is not there. */
export interface VaultStore {
  find(tenant: string, names: readonly string[]): Promise<VaultRow[]>;
  /** The same at once, for answers, which wait for nobody. */
  findNow(tenant: string, names: readonly string[]): VaultRow[];
  /** A row that is there already lives as long as the later of both. */
  put(rows: readonly VaultRow[]): Promise<void>;
  replace(gone: readonly VaultRow[], rows: readonly VaultRow[]): Promise<void>;
  /** All of the tenant's, or of these users; gives how many. */
  erase(tenant: string, users?: readonly string[]): Promise<number>;
  expire(): Promise<void>;
  /** How many each key has sealed. */
  keys(): Promise<ReadonlyMap<string, number>>;
  sealedBy(keyId: string, limit: number): Promise<VaultRow[]>;
}

/** What weir.yaml says of the vault now. */
export interface VaultRules {
  readonly keys: VaultKeys;
  /** How long a mapping is kept after its last use. */
  readonly keepMs: number;
}

export interface KeeperNeeds {
  readonly store: VaultStore;
  /** Undefined: nothing is kept. */
  readonly rules: () => VaultRules | undefined;
  readonly now: Clock;
  readonly later: Later;
  readonly log: Log;
}

/** Writes wait so long for others, far less than an answer takes. */
const FLUSH_MS = 5;
/** After a write that failed. */
const RETRY_MS = 5000;
/** A store that could not be asked is left alone for so long: no call waits for it a second time. */
const REST_MS = 2000;
const BATCH = 500;
/** Trouble that goes on is told so often; the counter has all of it. */
const TELL_EVERY_MS = 10_000;
/** A mapping is written again when this share of its time is over. */
const RENEW_AFTER = 1 / 8;

/**
 * What placeholders stand for, beyond one request: sealed, by tenant, for as long as weir.yaml says. Calls
 * never wait for a write, and no trouble with the store fails one.
 */
export class VaultKeeper {
  private readonly needs: KeeperNeeds;
  private readonly waiting: WaitingMappings;
  private readonly failed = { read: 0, write: 0, lost: 0 };
  private readonly toldAt = { read: -Infinity, write: -Infinity };
  private restUntil = -Infinity;
  private cancelFlush: (() => void) | undefined;
  private flushing: Promise<boolean> = Promise.resolve(true);

  constructor(needs: KeeperNeeds) {
    this.needs = needs;
    this.waiting = new WaitingMappings(needs.now);
  }

  /** Undefined where nothing is kept. */
  get rules(): VaultRules | undefined {
    return this.needs.rules();
  }

  /** What is known of placeholders, by the names that sameFor gives them. Never rejects. */
  async find(
    tenant: string,
    names: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Kept[]>> {
    const known = new Map<string, Kept[]>();
    const ring = this.rules?.keys.of(tenant);
    if (!ring) return known;
    const note = (kept: Kept) => {
      const name = sameAs(kept.mapping);
      known.set(name, [...(known.get(name) ?? []), kept]);
    };
    for (const name of names) this.waiting.find(tenant, name).forEach(note);
    if (this.needs.now() < this.restUntil) return known;
    try {
      const hidden = names.flatMap((name) => hiddenNames(name, ring));
      opened(await this.needs.store.find(tenant, hidden), ring).forEach(note);
    } catch (cause) {
      this.troubled("read", cause);
      this.restUntil = this.needs.now() + REST_MS;
    }
    return known;
  }

  /** What a placeholder in an answer stands for, asked at once. Never throws. */
  recall(told: Told, tenant: string): Mapping | undefined {
    const ring = this.rules?.keys.of(tenant);
    if (!ring) return undefined;
    const same = sameFor(told);
    const [waiting] = this.waiting.find(tenant, same);
    if (waiting) return waiting.mapping;
    try {
      return opened(this.needs.store.findNow(tenant, hiddenNames(same, ring)), ring)[0]?.mapping;
    } catch (cause) {
      this.troubled("read", cause);
      return undefined;
    }
  }

  /** Keeps a mapping, or keeps it longer. `there` is what is known of it. */
  keep(tenant: string, mapping: Mapping, there: readonly Kept[]): void {
    const { rules } = this;
    if (!rules) return;
    const now = this.needs.now();
    const isFresh = there.some(
      (kept) =>
        kept.mapping.user === mapping.user &&
        kept.expiresAt > now + rules.keepMs * (1 - RENEW_AFTER),
    );
    if (isFresh) return;
    if (!this.waiting.add(tenant, mapping, now + rules.keepMs)) this.failed.lost += 1;
    this.cancelFlush ??= this.needs.later(FLUSH_MS, () => void this.flush());
  }

  /** Writes all that waits; false where that failed. Never rejects. */
  async flush(): Promise<boolean> {
    this.cancelFlush?.();
    this.cancelFlush = undefined;
    this.flushing = this.flushing.then(() => this.write());
    return this.flushing;
  }

  /** Forgets a tenant's mappings, or those of one user's requests. Rejects where that cannot be. */
  async erase(tenant: string, user?: string): Promise<number> {
    await this.flush(); // what is on its way would come after
    const waiting = this.waiting.erase(tenant, user);
    const ring = this.rules?.keys.of(tenant);
    const users = user === undefined ? undefined : (ring?.all ?? []).map((one) => one.nameOf(user));
    return waiting + (await this.needs.store.erase(tenant, users));
  }

  gauges(): Gauge[] {
    return [
      {
        name: "weir_guard_vault_failures_total",
        help: "Reads and writes of the guard's vault that failed, and mappings lost by that.",
        type: "counter",
        values: Object.entries(this.failed).map(([kind, value]) => ({ labels: { kind }, value })),
      },
      {
        name: "weir_guard_vault_waiting",
        help: "Mappings of the guard's vault that are not written yet.",
        type: "gauge",
        values: [{ labels: {}, value: this.waiting.size }],
      },
    ];
  }

  async close(): Promise<void> {
    await this.flush();
    this.cancelFlush?.();
  }

  private async write(): Promise<boolean> {
    const { needs, waiting, rules } = this;
    if (!rules) return true;
    while (waiting.size > 0) {
      const some = waiting.first(BATCH);
      const now = needs.now();
      const rows = some
        .filter(({ expiresAt }) => expiresAt > now)
        .map(({ tenant, mapping, expiresAt }) =>
          toRow(mapping, rules.keys.of(tenant), { tenant, expiresAt }),
        );
      try {
        await needs.store.put(rows);
      } catch (cause) {
        this.troubled("write", cause);
        this.cancelFlush ??= needs.later(RETRY_MS, () => void this.flush());
        return false;
      }
      waiting.take(some);
    }
    return true;
  }

  private troubled(kind: "read" | "write", cause: unknown): void {
    const { now, log } = this.needs;
    this.failed[kind] += 1;
    if (now() - this.toldAt[kind] < TELL_EVERY_MS) return;
    this.toldAt[kind] = now();
    const waiting = this.waiting.size;
    log.error("guard_vault_trouble", { kind, reason: messageOf(cause), waiting });
  }
}

/** A mapping sealed by the key that is in force. */
export function toRow(
  mapping: Mapping,
  { current }: TenantRing,
  { tenant, expiresAt }: { readonly tenant: string; readonly expiresAt: number },
): VaultRow {
  const name = current.nameOf(sameAs(mapping));
  return {
    tenant,
    name,
    user: mapping.user === "" ? "" : current.nameOf(mapping.user),
    keyId: current.id,
    sealed: current.seal(mapping, name),
    expiresAt,
  };
}

/** A placeholder's name in the store, by each key. */
function hiddenNames(name: string, { all }: TenantRing): string[] {
  return all.map((keys) => keys.nameOf(name));
}

/** What can be opened of these rows. */
export function opened(rows: readonly VaultRow[], { all }: TenantRing): Kept[] {
  return rows.flatMap(({ keyId, sealed, name, expiresAt }) => {
    const mapping = all.find(({ id }) => id === keyId)?.open(sealed, name);
    return mapping ? [{ mapping, expiresAt }] : [];
  });
}
