import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

/** What a placeholder stands for. */
export interface Mapping {
  readonly placeholder: string;
  readonly original: string;
  /** What kind of data it is, as `pii.email`. */
  readonly detector: string;
  /** Whose request had it, as the request says; "" where it says nothing. */
  readonly user: string;
}

/** One tenant's keys, of one key of the operator's. */
export interface TenantKeys {
  /** Tells the operator's keys apart, and nothing of them. */
  readonly id: string;
  /** Placeholders follow from it. */
  readonly placeholders: Uint8Array;
  /** What stands in the store for a text: nobody without the key can guess at it. */
  nameOf(text: string): string;
  seal(mapping: Mapping, name: string): Uint8Array;
  /** Undefined where it is damaged, or sealed for another place. */
  open(sealed: Uint8Array, name: string): Mapping | undefined;
}

/** Keys of the operator's: the first is in force, all of them open. */
export interface VaultKeys {
  readonly ids: readonly string[];
  of(tenant: string): TenantRing;
}

export interface TenantRing {
  readonly current: TenantKeys;
  readonly all: readonly TenantKeys[];
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** HMAC-SHA-256, as much of it as nobody hits by chance. */
const NAME_BYTES = 24;
/** Derived keys are kept for so many tenants. */
const MOST_TENANTS = 1000;

/** `keys` are of 32 bytes; the first one is in force. */
export function createVaultKeys(keys: readonly [Uint8Array, ...Uint8Array[]]): VaultKeys {
  const known = keys.map((key) => ({
    id: Buffer.from(derive(key, "id")).toString("hex", 0, 8),
    key,
  }));
  const tenants = new Map<string, TenantRing>();
  return {
    ids: known.map(({ id }) => id),
    of(tenant) {
      let ring = tenants.get(tenant);
      if (!ring) {
        const [current, ...others] = known.map((one) => tenantKeys(one, tenant));
        if (!current) throw new RangeError("a vault needs a key");
        if (tenants.size >= MOST_TENANTS) tenants.clear();
        tenants.set(tenant, (ring = { current, all: [current, ...others] }));
      }
      return ring;
    },
  };
}

/** One key for each use: what is learned of one tells nothing of another. */
function derive(key: Uint8Array, use: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, "weir vault", use, KEY_BYTES));
}

function tenantKeys(
  { id, key }: { readonly id: string; readonly key: Uint8Array },
  tenant: string,
): TenantKeys {
  const names = derive(key, `names ${tenant}`);
  const seals = derive(key, `seals ${tenant}`);
  // What is moved to another tenant or another name does not open there.
  const place = (name: string) => Buffer.from(JSON.stringify([id, tenant, name]));
  return {
    id,
    placeholders: derive(key, `placeholders ${tenant}`),
    nameOf: (text) =>
      createHmac("sha256", names).update(text).digest().toString("base64url", 0, NAME_BYTES),
    seal({ placeholder, original, detector, user }, name) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", seals, nonce).setAAD(place(name));
      const text = JSON.stringify([placeholder, original, detector, user]);
      const sealed = [cipher.update(text, "utf8"), cipher.final()];
      return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]);
    },
    open(sealed, name) {
      try {
        const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length);
        const decipher = createDecipheriv("aes-256-gcm", seals, bytes.subarray(0, NONCE_BYTES));
        decipher.setAAD(place(name));
        decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const rest = bytes.subarray(NONCE_BYTES + TAG_BYTES);
        const text = Buffer.concat([decipher.update(rest), decipher.final()]).toString("utf8");
        const [placeholder = "", original = "", detector = "", user = ""] = JSON.parse(
          text,
        ) as string[]; // sealed by this file
        return { placeholder, original, detector, user };
      } catch {
        return undefined;
      }
    },
  };
}
