import { z } from "zod";

/** One sealed mapping of the guard's vault, as every database keeps it. */
export interface VaultRow {
  readonly tenant: string;
  /** What stands for the placeholder: a keyed hash. */
  readonly name: string;
  /** The same of the user whose request had it; "" where the request said nothing. */
  readonly user: string;
  /** Which key sealed it. */
  readonly keyId: string;
  readonly sealed: Uint8Array;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

const Row = z
  .object({
    tenant: z.string(),
    name: z.string(),
    owner: z.string(),
    key_id: z.string(),
    sealed: z.instanceof(Uint8Array),
    // PostgreSQL gives its large numbers as text.
    expires_at: z.coerce.number(),
  })
  .transform(({ owner: user, key_id: keyId, expires_at: expiresAt, ...row }): VaultRow => ({
    ...row,
    user,
    keyId,
    expiresAt,
  }));

export const toVaultRow = (row: unknown): VaultRow => Row.parse(row);
