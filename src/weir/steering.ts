import { randomBytes } from "node:crypto";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Catalogue } from "../serve/catalogue.ts";
import { type Steering, createSteering } from "../serve/steering.ts";
import { createNewsExchange } from "../store/redis/redis-targets.ts";
import type { House } from "./house.ts";

/** A name for each process: what the one before saw is not this one's. */
export function steeringOf({ catalogue, router }: Pick<House, "catalogue" | "router">): Steering {
  return createSteering({
    catalogue,
    router,
    process: newName(),
    now: Date.now,
    monotonic: performance.now.bind(performance),
  });
}

const EVERY_MS = 1000;
/** The source of what other replicas say. */
const REPLICAS = "replicas";

type Sharing = Pick<House, "steering" | "catalogue" | "redis" | "settings"> & { readonly log: Log };

/**
 * Tells replicas what is said of targets here, and hears what is said there: once a second, and at once
 * after a decision. Resolves after the first time, so that no call goes to a drained target before it is
 * known. While Redis is away nothing is told, and what was heard last counts for as long as it was meant.
 */
export async function shareSteering(
  { steering, catalogue, redis, settings, log }: Sharing,
  stack: AsyncDisposableStack,
): Promise<void> {
  if (!redis) return;
  const exchange = createNewsExchange(redis, {
    prefix: settings.config.redis?.prefix ?? "weir",
    replica: newName(),
  });
  const tell = oneAtATime(async () => {
    if (!redis.isUp) return;
    try {
      const isEmbedded = embeddedOf(catalogue);
      const heard = await exchange({
        decisions: steering.decisions(),
        outages: steering.outages(REPLICAS).filter(({ identity }) => !isEmbedded.has(identity)),
      });
      steering.take(heard.decisions);
      steering.hear(REPLICAS, heard.outages);
    } catch (cause) {
      log.debug("target_news_failed", { reason: messageOf(cause) });
    }
  });
  await tell();
  steering.follow({ decided: () => void tell() });
  redis.onUp(() => void tell());
  const timer = setInterval(() => void tell(), EVERY_MS).unref();
  stack.defer(() => clearInterval(timer));
}

/** Each replica has engines of its own: that one is broken says nothing of the others. */
function embeddedOf(catalogue: Catalogue): ReadonlySet<string> {
  const targets = catalogue.names().flatMap((name) => catalogue.targets(name));
  const own = targets.filter(({ config }) => config.provider === "llama");
  return new Set(own.map(({ identity }) => identity));
}

/** Whoever asks while it runs is served by one more run after it. */
function oneAtATime(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let isDue = false;
  const start = async (): Promise<void> => {
    do {
      isDue = false;
      await run();
    } while (isDue);
    running = undefined;
  };
  return () => {
    if (running) isDue = true;
    else running = start();
    return running;
  };
}

function newName(): string {
  return randomBytes(6).toString("hex");
}
