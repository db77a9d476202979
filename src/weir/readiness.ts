import { unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../core/errors.ts";
import type { Engine } from "../serve/engine/engine.ts";
import type { Redis } from "../store/redis/redis.ts";
import type { House } from "./house.ts";

/** Why the server should get no traffic now; undefined when nothing speaks against it. */
export type ReadinessCheck = () => string | undefined | Promise<string | undefined>;

/** A short spell is what turning calls away is for. */
const OVERLOADED_MS = 10_000;

type Asked = Pick<House, "readiness"> & {
  readonly operations: Pick<House["operations"], "isLeaving" | "overloadedSince">;
  readonly catalogue: { neededEngines(): readonly Pick<Engine, "name" | "health">[] };
  readonly recorder: Pick<House["recorder"], "trouble">;
};

/** All reasons why no traffic should come. */
export async function whyNotReady(house: Asked, now: number): Promise<string[]> {
  const { operations, catalogue, recorder, readiness } = house;
  if (operations.isLeaving) return ["the server is shutting down"];
  const engines = catalogue.neededEngines().map((engine) => {
    const { state, detail } = engine.health();
    return state === "ready"
      ? undefined
      : `${engine.name} is ${state}${detail ? `: ${detail}` : ""}`;
  });
  const since = operations.overloadedSince();
  const isOverloaded = since !== undefined && now - since >= OVERLOADED_MS;
  const asked = await Promise.all(readiness.map(async (check) => check()));
  return [
    ...engines,
    recorder.trouble === undefined ? undefined : `traces are not kept: ${recorder.trouble}`,
    isOverloaded ? "the server has been overloaded for a while" : undefined,
    ...asked,
  ].filter((reason) => reason !== undefined);
}

/** Whoever asks more often gets the last answer. */
const PROBE_MS = 5000;
/** More than a block, so that a full disk cannot take it into a corner. */
const PROBE_BYTES = 8192;

/** Whether something can be written into the data folder. */
export function folderCheck(folder: string, now: () => number): ReadinessCheck {
  const file = join(folder, ".probe");
  let askedAt = -Infinity;
  let last: Promise<string | undefined> | undefined;

  async function probe(): Promise<string | undefined> {
    try {
      await writeFile(file, Buffer.alloc(PROBE_BYTES));
      return undefined;
    } catch (cause) {
      return `the data folder cannot be written: ${messageOf(cause)}`;
    } finally {
      await unlink(file).catch(() => undefined);
    }
  }

  return () => {
    if (!last || now() - askedAt >= PROBE_MS) {
      askedAt = now();
      last = probe();
    }
    return last;
  };
}

/** Whether what replicas share is there, where calls are refused without it. */
export function redisCheck(
  redis: Pick<Redis, "isUp"> | undefined,
  whenDown: "refuse" | "local" | undefined,
): ReadinessCheck {
  return () =>
    redis && !redis.isUp && whenDown === "refuse"
      ? "Redis does not answer, and calls that have a limit are refused without it (redis.whenDown)"
      : undefined;
}
