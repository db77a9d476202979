/**
 * The record shelf: small JSON records that users make and change (datasets, examples, prompts, queues,
 * share links), each of a kind and a tenant. What a kind means, its owner knows; a store only keeps it.
 */

/** One record as it is kept. */
export interface ShelfRecord {
  readonly kind: string;
  readonly tenantId: string;
  /** Unique within kind and tenant. */
  readonly id: string;
  /** What it belongs to, as an example to its dataset. */
  readonly parentId: string | null;
  /** Unique within kind, tenant and parent. */
  readonly name: string | null;
  /** JSON. */
  readonly value: unknown;
  /** 1 for a new record, one more with each change. */
  readonly version: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** One of the writes that are kept together, or not at all. */
export type ShelfWrite =
  /** Adds a record, or replaces all of it but `createdAt`. */
  | {
      readonly op: "put";
      readonly kind: string;
      readonly tenantId: string;
      readonly id: string;
      readonly parentId?: string | null | undefined;
      readonly name?: string | null | undefined;
      readonly value: unknown;
      readonly at: number;
      /** The version that the writer saw; 0: there must be none yet. Another one: conflict. */
      readonly ifVersion?: number | undefined;
    }
  | {
      readonly op: "remove";
      readonly kind: string;
      readonly tenantId: string;
      readonly id: string;
    }
  /** Every record of a kind under a parent. */
  | {
      readonly op: "remove-under";
      readonly kind: string;
      readonly tenantId: string;
      readonly parentId: string;
    }
  /** Bytes beside records, as an example's attachments. `id` is unique in the whole shelf. */
  | {
      readonly op: "put-bytes";
      readonly tenantId: string;
      readonly ownerId: string;
      readonly id: string;
      readonly mimeType: string;
      readonly bytes: Uint8Array;
    }
  /** All of an owner, or those of one id. */
  | {
      readonly op: "remove-bytes";
      readonly tenantId: string;
      readonly ownerId: string;
      readonly id?: string | undefined;
    };

export interface ShelfQuery {
  readonly kind: string;
  /** Absent: all tenants. */
  readonly tenantId?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  /** Null: only those without one. */
  readonly parentId?: string | null | undefined;
  readonly name?: string | undefined;
  /** Without regard to the case of a to z. */
  readonly nameContains?: string | undefined;
}

export interface ShelfListQuery extends ShelfQuery {
  /** `newest` by default; records of one moment stand in the order in which they were written. */
  readonly order?: "newest" | "oldest" | "modified" | "name" | undefined;
  readonly limit: number;
  readonly offset?: number | undefined;
}

export interface ShelfBytes {
  readonly mimeType: string;
  readonly bytes: Uint8Array;
}
