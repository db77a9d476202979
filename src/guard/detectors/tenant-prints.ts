import type { Fingerprints } from "./fingerprints.ts";
import { piecesOf } from "./fingerprints.ts";

/** Fingerprints of many tenants' texts in one table, and who may not read what of it. */

const SEVERAL = 0xffff;
const FEWEST_SLOTS = 1024;

/** Hashes of a text's pieces under a key: who lacks it can compare no text with them. */
export function keyedPrints(text: string, key: Uint8Array): Int32Array {
  const keyed = keyedBy(key);
  return Int32Array.from(piecesOf(text), keyed);
}

/**
 * Makes one number of another, each of its own: a permutation that follows from the key (the finaliser of
 * MurmurHash3 with a part of the key before each step). Never 0.
 */
function keyedBy(key: Uint8Array): (hash: number) => number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const [a, b, c] = [view.getInt32(0), view.getInt32(4), view.getInt32(8)];
  return (hash) => {
    let mixed = hash ^ a;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) ^ b;
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ c;
    return (mixed ^ (mixed >>> 16)) | 0 || 1;
  };
}

/** An open table of keyed hashes and their tenants: 12 bytes for each at the most. */
export class TenantPrints {
  private readonly keyed: (hash: number) => number;
  private readonly tenants = new Map<string, number>();
  /** Whose those are that several have. */
  private readonly shared = new Map<number, Set<number>>();
  private hashes = new Int32Array(FEWEST_SLOTS);
  private owners = new Uint16Array(FEWEST_SLOTS);
  private count = 0;

  constructor(key: Uint8Array) {
    this.keyed = keyedBy(key);
  }

  /** Prints from `keyedPrints` of the same key. */
  add(tenant: string, prints: Int32Array): void {
    const owner = this.ownerOf(tenant);
    if (owner === undefined) return;
    for (const hash of prints) {
      if (this.count * 2 >= this.hashes.length) this.grow();
      this.put(hash, owner);
    }
  }

  /** What is others' and not this tenant's own; undefined where nobody else has anything. */
  foreignTo(tenant: string): Pick<Fingerprints, "has"> | undefined {
    const own = this.tenants.get(tenant);
    if (this.tenants.size === (own === undefined ? 0 : 1)) return undefined;
    return { has: (hash) => this.isForeign(this.keyed(hash), own) };
  }

  private isForeign(hash: number, own: number | undefined): boolean {
    const owner = this.owners[this.slotOf(hash)] ?? 0;
    if (owner === 0 || owner === own) return false;
    return owner !== SEVERAL || own === undefined || !this.shared.get(hash)?.has(own);
  }

  private put(hash: number, owner: number): void {
    const slot = this.slotOf(hash);
    const known = this.owners[slot] ?? 0;
    if (known === owner) return;
    if (known === 0) {
      this.hashes[slot] = hash;
      this.owners[slot] = owner;
      this.count += 1;
      return;
    }
    const owners = this.shared.get(hash) ?? new Set([known]);
    this.shared.set(hash, owners.add(owner));
    this.owners[slot] = SEVERAL;
  }

  /** Where a hash stands, or would. */
  private slotOf(hash: number): number {
    const mask = this.hashes.length - 1;
    let slot = (Math.imul(hash, 0x9e3779b1) >>> 8) & mask;
    while (this.owners[slot] !== 0 && this.hashes[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { hashes, owners } = this;
    this.hashes = new Int32Array(hashes.length * 2);
    this.owners = new Uint16Array(owners.length * 2);
    for (const [at, owner] of owners.entries()) {
      if (owner === 0) continue;
      const hash = hashes[at] ?? 0;
      const slot = this.slotOf(hash);
      this.hashes[slot] = hash;
      this.owners[slot] = owner;
    }
  }

  /** Undefined where there are more tenants than can be told apart. */
  private ownerOf(tenant: string): number | undefined {
    const known = this.tenants.get(tenant);
    if (known !== undefined) return known;
    const next = this.tenants.size + 1;
    if (next >= SEVERAL) return undefined;
    this.tenants.set(tenant, next);
    return next;
  }
}
