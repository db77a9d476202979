import type { Run } from "../../core/run.ts";
import type { Shelf } from "./shelf.ts";
import { uuidOf } from "./uuid.ts";

/** A trace that everybody who has its token may read. */
export interface Share {
  readonly token: string;
  readonly tenantId: string;
  readonly runId: string;
  readonly traceId: string;
}

export interface Shares {
  /** The run's token: the one that there is, or a new one, as the caller wants it. */
  share(run: Pick<Run, "id" | "traceId" | "tenantId">, wanted?: unknown): Promise<Share>;
  of(runId: string, tenantId: string): Promise<Share | undefined>;
  byToken(token: string): Promise<Share | undefined>;
  unshare(runId: string, tenantId: string): Promise<void>;
}

const KIND = "run-share";

export function createShares(needs: {
  readonly shelf: Shelf;
  readonly now: () => number;
  readonly newId: () => string;
}): Shares {
  const { shelf, now, newId } = needs;
  const of: Shares["of"] = async (runId, tenantId) => {
    const [record] = await shelf.list({ kind: KIND, tenantId, name: runId, limit: 1 });
    return record && toShare(record);
  };
  return {
    of,
    async share({ id, traceId, tenantId }, wanted) {
      const before = await of(id, tenantId);
      if (before) return before;
      const token = uuidOf(wanted) ?? newId();
      const value = { runId: id, traceId };
      const at = now();
      // A token that stands for another run already: conflict.
      await shelf.write([
        { op: "put", kind: KIND, tenantId, id: token, name: id, value, at, ifVersion: 0 },
      ]);
      return { token, tenantId, runId: id, traceId };
    },
    async byToken(token) {
      const id = uuidOf(token);
      const record = id === undefined ? undefined : await shelf.get(KIND, id);
      return record && toShare(record);
    },
    async unshare(runId, tenantId) {
      const share = await of(runId, tenantId);
      if (share) await shelf.write([{ op: "remove", kind: KIND, tenantId, id: share.token }]);
    },
  };
}

function toShare({ id, tenantId, value }: { id: string; tenantId: string; value: unknown }): Share {
  const { runId, traceId } = value as Pick<Share, "runId" | "traceId">; // as written above
  return { token: id, tenantId, runId, traceId };
}
