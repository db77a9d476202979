import type { Redis } from "./redis.ts";

/**
 * Answers that replicas share. Redis forgets them by itself, at their time or when it runs short of
 * memory; while it cannot be asked, there are none.
 */
export function createRedisAnswers(redis: Pick<Redis, "isUp" | "send">, prefix: string) {
  const name = (key: string) => `${prefix}:answer:${key}`;
  return {
    async get(key: string): Promise<string | undefined> {
      if (!redis.isUp) return undefined;
      const found = await redis.send(["GET", name(key)]).catch(() => undefined);
      return typeof found === "string" ? found : undefined;
    },
    put(key: string, answer: string, ttlMs: number): void {
      if (!redis.isUp) return;
      const ttl = String(Math.max(1, Math.round(ttlMs)));
      // What could not be kept is made again.
      redis.send(["SET", name(key), answer, "PX", ttl]).catch(() => undefined);
    },
  };
}
