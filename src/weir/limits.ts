import { join } from "node:path";
import type { LimitsConfig } from "../config/limits.ts";
import type { Settings } from "../config/settings.ts";
import { WeirError } from "../core/errors.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Log } from "../core/log.ts";
import { beforeWrites } from "../core/turn-writes.ts";
import { type Visitors, createVisitors } from "../http/visitors.ts";
import { createAdmission } from "../serve/gateway/limits/admission.ts";
import { createDurableLedger } from "../serve/gateway/limits/durable-ledger.ts";
import { createMemoryLedger } from "../serve/gateway/limits/memory-ledger.ts";
import { type LimitNotices, createNotices } from "../serve/gateway/limits/notices.ts";
import type { Admission } from "../serve/gateway/needs.ts";
import { AppendLog } from "../store/append-log.ts";
import type { Redis } from "../store/redis/redis.ts";

interface LimitsNeeds {
  readonly settings: Settings;
  readonly log: Log;
  readonly limits: () => LimitsConfig;
  readonly trustedProxies: () => readonly string[];
  /** Kept by another process; absent: by this one, or in Redis. */
  readonly ledger?: Ledger;
  /** Workers count here too: an address is to be counted once. */
  readonly isInner?: boolean;
  /** What replicas share; absent: this process counts by itself. */
  readonly redis: Redis | undefined;
}

export interface Limiting {
  readonly admission: Admission;
  readonly ledger: Ledger;
  readonly notices: LimitNotices;
  readonly visitors: Visitors;
}

const BEAT_MS = 5000;

/** Limits and budgets: the counters, where they are kept, and the door that asks them. */
export async function limitsOf(needs: LimitsNeeds, stack: AsyncDisposableStack): Promise<Limiting> {
  const { limits, redis } = needs;
  const now = Date.now;
  const log = needs.log.part("limits");
  const notices = createNotices(now, log);
  const ledger =
    needs.ledger ??
    (redis
      ? await sharedLedger({ ...needs, redis, log }, stack)
      : ownLedger({ ...needs, log }, stack));
  const local = createMemoryLedger(now);
  const visitors = createVisitors({
    limits: () => limits().perIp,
    trustedProxies: needs.trustedProxies,
    ledger: redis || needs.ledger || needs.isInner ? ledger : local,
    local,
    refused: (meter) => notices.refused(meter),
    now,
    log,
  });
  return {
    ledger,
    notices,
    visitors,
    admission: createAdmission({ limits, ledger, notices, now }),
  };
}

/** Counters in memory; days and months in the data folder. */
function ownLedger({ settings, log }: LimitsNeeds, stack: AsyncDisposableStack): Ledger {
  const now = Date.now;
  const journal = new AppendLog(join(settings.dataFolder, "budgets"));
  const ledger = createDurableLedger({
    ledger: createMemoryLedger(now),
    journal,
    now,
    beforeWrites,
    later: (ms, run) => void setTimeout(run, ms).unref(),
    log,
  });
  stack.defer(() => {
    ledger.close();
    journal.close();
  });
  return ledger;
}

async function sharedLedger(
  { settings, log, redis }: LimitsNeeds & { readonly redis: Redis },
  stack: AsyncDisposableStack,
): Promise<Ledger> {
  const { createRedisLedger } = await import("../store/redis/redis-ledger.ts");
  const { Outbox } = await import("../store/redis/outbox.ts");
  const { prefix = "weir", whenDown = "local" } = settings.config.redis ?? {};
  const outbox = new Outbox(join(settings.dataFolder, "redis-outbox"));
  const now = Date.now;
  const createLocal = () => createMemoryLedger(now);
  const ledger = createRedisLedger({ redis, prefix, whenDown, createLocal, outbox, now, log });
  const timer = setInterval(() => void ledger.beat(), BEAT_MS).unref();
  stack.defer(async () => {
    clearInterval(timer);
    await ledger.idle();
    outbox.close();
  });
  return ledger;
}

/** The connection that replicas share, where weir.yaml names one. */
export async function redisOf(
  { config, secret }: Settings,
  log: Log,
  stack: AsyncDisposableStack,
): Promise<Redis | undefined> {
  const { redis } = config;
  if (!redis) return undefined;
  const url = redis.url ?? secret(redis.urlEnv ?? "");
  if (url === undefined) {
    throw new WeirError(
      "invalid_config",
      `redis.urlEnv names the variable ${redis.urlEnv}, which is not set. Set it to redis://HOST:PORT.`,
    );
  }
  const { connectRedis } = await import("../store/redis/redis.ts");
  const connection = await connectRedis({ url, timeoutMs: redis.timeout, log: log.part("redis") });
  stack.defer(() => connection.close());
  return connection;
}
