import { createHmac } from "node:crypto";
import type { WeirConfig } from "../config/schema.ts";
import type { Clock } from "../core/time.ts";
import type { Listed } from "../guard/detectors/leakage.ts";
import { TenantPrints, keyedPrints } from "../guard/detectors/tenant-prints.ts";
import type { GuardTextStore } from "../store/sqlite/guard-texts.ts";

const MIB = 1024 * 1024;
/** How soon an answer is compared with what another process of this server remembers. */
const NEWS_MS = 1000;
/** Reading all of it again takes a moment: what has gone, or expired, counts so much longer at the most. */
const REMOVALS_MS = 10 * 60_000;

interface MemoryNeeds {
  readonly store: GuardTextStore;
  readonly key: Uint8Array;
  readonly rules: () => WeirConfig["guard"]["remember"];
  readonly now: Clock;
}

export interface RememberedDocument {
  readonly id?: string | undefined;
  readonly text: string;
}

/** What the guard remembers of tenants' documents, so that no other tenant reads them in an answer. */
export class GuardMemory {
  private readonly needs: MemoryNeeds;
  private prints: TenantPrints;
  private lastId = 0;
  private nextExpiry = Number.POSITIVE_INFINITY;
  private removals = -1;
  private readAt = Number.NEGATIVE_INFINITY;
  private readAllAt = Number.NEGATIVE_INFINITY;

  constructor(needs: MemoryNeeds) {
    this.needs = needs;
    this.prints = new TenantPrints(needs.key);
  }

  /** Which of them are remembered from now on: not those that are too short to be known again. Throws storage_full. */
  remember(tenant: string, documents: readonly RememberedDocument[]): boolean[] {
    const { store, key, rules, now } = this.needs;
    const { keep, maxMiB } = rules();
    const expiresAt = now() + keep;
    const all = documents.map(({ id, text }) => ({
      tenant,
      document: id === undefined ? `sha:${keyedHash(text, key)}` : `id:${id}`,
      prints: keyedPrints(text, key),
      expiresAt,
    }));
    const kept = all.filter(({ prints }) => prints.length > 0);
    store.add(
      kept.map((one) => ({ ...one, prints: bytesOf(one.prints) })),
      maxMiB * MIB,
    );
    this.readAt = Number.NEGATIVE_INFINITY;
    return all.map(({ prints }) => prints.length > 0);
  }

  /** What answers to this tenant must not repeat: none where nobody else's is remembered. */
  foreignTo(tenant: string): readonly Listed[] {
    this.refresh();
    const prints = this.prints.foreignTo(tenant);
    return prints ? [{ name: "other_tenant", prints }] : [];
  }

  private refresh(): void {
    const { store, now } = this.needs;
    const at = now();
    if (at - this.readAt < NEWS_MS) return;
    this.readAt = at;
    const removals = store.removals();
    const isOld = removals !== this.removals || at >= this.nextExpiry;
    if (isOld && at - this.readAllAt >= REMOVALS_MS) this.startAnew(at, removals);
    for (const { id, tenant, prints, expiresAt } of store.after(this.lastId)) {
      this.prints.add(tenant, wordsOf(prints));
      this.lastId = id;
      this.nextExpiry = Math.min(this.nextExpiry, expiresAt);
    }
  }

  private startAnew(at: number, removals: number): void {
    this.removals = removals;
    this.readAllAt = at;
    this.nextExpiry = Number.POSITIVE_INFINITY;
    this.lastId = 0;
    this.prints = new TenantPrints(this.needs.key);
  }
}

function keyedHash(text: string, key: Uint8Array): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}

/** Four bytes a number, the lowest first. */
function bytesOf(prints: Int32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(prints.length * 4));
  for (const [at, hash] of prints.entries()) bytes.setInt32(at * 4, hash, true);
  return new Uint8Array(bytes.buffer);
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Int32Array {
  const bytes = new DataView(buffer, byteOffset, byteLength);
  return Int32Array.from({ length: byteLength / 4 }, (_, at) => bytes.getInt32(at * 4, true));
}
