import type { Later } from "../core/time.ts";
import type { Provider } from "./provider.ts";

export interface RetireNeeds {
  /** The longest that calls may go on there. */
  readonly drainMs: number;
  readonly now: () => number;
  readonly later: Later;
}

/** A provider that no model names any more, until its last call has ended. */
export interface Retired {
  /** Resolves when it was closed. */
  readonly closed: Promise<void>;
  /** Closes it now. */
  end(): void;
}

const LOOK_MS = 100;
/** A call that was routed before the change may still come: it is closed once nothing came for so long. */
const QUIET_MS = 2000;

/** Closes a provider when its calls have ended, or when they have had their time. */
export function retire(provider: Provider, { drainMs, now, later }: RetireNeeds): Retired {
  const { promise: closed, resolve, reject } = Promise.withResolvers<void>();
  const startedAt = now();
  let quietSince: number | undefined;
  let stop = later(0, look);
  let isOver = false;

  function end(): void {
    if (isOver) return;
    isOver = true;
    stop();
    provider.close().then(resolve, reject);
  }

  function look(): void {
    const at = now();
    const isQuiet = (provider.underWay?.() ?? 0) === 0;
    quietSince = isQuiet ? (quietSince ?? at) : undefined;
    const isDone = quietSince !== undefined && at - quietSince >= Math.min(QUIET_MS, drainMs);
    if (isDone || at - startedAt >= drainMs) end();
    else stop = later(LOOK_MS, look);
  }

  return { closed, end };
}

/** The providers that are being retired. */
export interface Retirement {
  /** Resolves when it is closed, or could not be. */
  letGo(provider: Provider): Promise<void>;
  /** Closes those that are left. */
  close(): Promise<void>;
}

export function createRetirement(
  needs: () => RetireNeeds,
  failed: (cause: unknown) => void,
): Retirement {
  const left = new Set<Retired>();
  return {
    letGo(provider) {
      const entry = retire(provider, needs());
      left.add(entry);
      return entry.closed.catch(failed).finally(() => left.delete(entry));
    },
    async close() {
      for (const entry of left) entry.end();
      await Promise.allSettled(Array.from(left, ({ closed }) => closed));
    },
  };
}
