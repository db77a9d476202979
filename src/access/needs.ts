import type { AccessState, Decision } from "../core/access.ts";

/**
 * Where keys, tenants, users and sign-ins are kept: a file of this server's own, or a database that
 * several replicas share. All of it is small and stands in memory; the store's part is that nothing
 * is lost and that two who change something at the same time do not overlook each other.
 *
 * What it throws or rejects with is a WeirError; storage_unavailable while it cannot be reached.
 */
export interface AccessStore {
  /** Everything; undefined when its version is still `since`. */
  load(since?: number): Promise<AccessState | undefined>;
  /**
   * `decide` sees the newest state while nobody else can write, and what it returns is kept whole.
   * When it throws, nothing changes. It may be called again: it must be pure.
   */
  change<T>(
    decide: (state: AccessState) => Decision<T>,
  ): Promise<{ readonly result: T; readonly state: AccessState }>;
  /** Notes when keys were last used, by their ids. No change of the version. */
  touch(used: ReadonlyMap<string, number>): Promise<void>;
  /** Calls back when others may have changed something, as far as the store hears of it. */
  onChange(listener: () => void): void;
  close(): Promise<void>;
}
