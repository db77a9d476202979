import { sameFor } from "../guard/vault/grouping.ts";
import type { Mapping } from "../guard/vault/vault-keys.ts";

/** A mapping, and until when it is kept (epoch milliseconds). */
export interface Kept {
  readonly mapping: Mapping;
  readonly expiresAt: number;
}

interface WaitingMapping extends Kept {
  readonly tenant: string;
}

/** What a store that cannot be written to may have waiting. */
const MOST_WAITING = 10_000;

/** What is not written yet: known to who asks all the same. */
export class WaitingMappings {
  private readonly now: () => number;
  private readonly byUser = new Map<string, WaitingMapping>();
  private readonly byName = new Map<string, Map<string, WaitingMapping>>();

  constructor(now: () => number) {
    this.now = now;
  }

  get size(): number {
    return this.byUser.size;
  }

  /** False where another one had to be given up for it. */
  add(tenant: string, mapping: Mapping, expiresAt: number): boolean {
    const one = { tenant, mapping, expiresAt };
    const key = keyOf(one);
    this.byUser.delete(key);
    this.byUser.set(key, one);
    const name = nameOf(tenant, sameAs(mapping));
    const owners = this.byName.get(name) ?? new Map<string, WaitingMapping>();
    this.byName.set(name, owners.set(mapping.user, one));
    if (this.byUser.size <= MOST_WAITING) return true;
    this.take([...this.first(1)]);
    return false;
  }

  /** The oldest of them. */
  first(count: number): WaitingMapping[] {
    return this.byUser.values().take(count).toArray();
  }

  /** Takes out what was written; what came anew meanwhile stays. */
  take(written: readonly WaitingMapping[]): void {
    for (const one of written) {
      const key = keyOf(one);
      if (this.byUser.get(key) !== one) continue;
      this.byUser.delete(key);
      const name = nameOf(one.tenant, sameAs(one.mapping));
      const owners = this.byName.get(name);
      owners?.delete(one.mapping.user);
      if (owners?.size === 0) this.byName.delete(name);
    }
  }

  /** `same` as sameFor gives it. */
  find(tenant: string, same: string): Kept[] {
    const owners = this.byName.get(nameOf(tenant, same));
    if (!owners) return [];
    return [...owners.values()].filter(({ expiresAt }) => expiresAt > this.now());
  }

  /** Gives how many were there. */
  erase(tenant: string, user?: string): number {
    const gone = [...this.byUser.values()].filter(
      (one) => one.tenant === tenant && (user === undefined || one.mapping.user === user),
    );
    this.take(gone);
    return gone.length;
  }
}

/** The name by which a mapping's placeholder is found. */
export function sameAs({ detector, placeholder }: Mapping): string {
  return sameFor({ detector, value: placeholder });
}

function nameOf(tenant: string, same: string): string {
  return JSON.stringify([tenant, same]);
}

function keyOf({ tenant, mapping }: WaitingMapping): string {
  return JSON.stringify([tenant, sameAs(mapping), mapping.user]);
}
