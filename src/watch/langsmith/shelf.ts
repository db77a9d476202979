import type {
  ShelfBytes,
  ShelfListQuery,
  ShelfQuery,
  ShelfRecord,
  ShelfWrite,
} from "../../core/shelf.ts";

/**
 * Where datasets, examples, prompts, annotation queues, share links and saved views are kept: in the
 * control database, or in PostgreSQL where weir.yaml names one. Rejects with storage_unavailable or
 * storage_full when the database cannot be used now.
 */
export interface Shelf {
  /** Without a tenant the first of that id: for ids that nobody can guess, as share tokens. */
  get(kind: string, id: string, tenantId?: string): Promise<ShelfRecord | undefined>;
  list(query: ShelfListQuery): Promise<ShelfRecord[]>;
  count(query: ShelfQuery): Promise<number>;
  /**
   * All of the writes in their order, or none. Rejects with conflict where a name is taken (`param` is
   * "name") or a record changed since its writer saw it. Gives how many records were put or removed.
   */
  write(writes: readonly ShelfWrite[]): Promise<number>;
  bytes(id: string): Promise<ShelfBytes | undefined>;
  close(): Promise<void>;
}
