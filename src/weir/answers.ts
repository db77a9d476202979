import { hash } from "node:crypto";
import { WeirError } from "../core/errors.ts";
import { Answers, type CacheRules } from "../serve/gateway/cache/answer-cache.ts";
import { createMemoryAnswers } from "../serve/gateway/cache/memory-answers.ts";
import { unit, wordVector } from "../serve/gateway/cache/words.ts";
import type { Gauge } from "../watch/metrics/exposition.ts";
import { createRedisAnswers } from "../store/redis/redis-answers.ts";
import type { House } from "./house.ts";

type Building = Pick<House, "live" | "catalogue" | "redis" | "settings">;

export interface Answering {
  readonly cache: Answers;
  readonly gauges: () => Gauge[];
}

const EMBED_MS = 5_000;

/** The cache of answers: in this process, or in the Redis that replicas share. */
export function answersOf(house: Building): Answering {
  const now = Date.now;
  const { redis, settings } = house;
  const bytesOf = (mebibytes: number) => mebibytes * 1024 * 1024;
  const memory = createMemoryAnswers({
    maxBytes: () => bytesOf(house.live.config.cache.maxMiB),
    now,
  });
  const looks = new Map<string, { labels: { model: string; result: string }; value: number }>();
  const cache = new Answers({
    store: redis ? createRedisAnswers(redis, settings.config.redis?.prefix ?? "weir") : memory,
    rulesOf: rulesOf(house),
    embed: (model, text) => embed(house, model, text),
    maxAnswerBytes: () => house.live.config.cache.maxAnswerKiB * 1024,
    now,
    count(model, result) {
      const key = `${model} ${result}`;
      const entry = looks.get(key) ?? { labels: { model, result }, value: 0 };
      entry.value += 1;
      looks.set(key, entry);
    },
  });
  const gauges = (): Gauge[] => [
    {
      name: "weir_cache_lookups_total",
      help: "Calls that asked the answer cache, by what came of it.",
      type: "counter",
      values: [...looks.values()],
    },
    {
      name: "weir_cache_bytes",
      help: "Memory that kept answers take in this process.",
      type: "gauge",
      values: redis ? [] : [{ labels: {}, value: memory.bytes }],
    },
  ];
  return { cache, gauges };
}

/** How a model's answers are kept. What made them is hashed once for each configuration. */
function rulesOf(house: Pick<House, "live">): (model: string) => CacheRules | undefined {
  let known = new Map<string, CacheRules | undefined>();
  let of: House["live"] | undefined;
  return (model) => {
    const { live } = house;
    if (of !== live) {
      of = live;
      known = new Map(
        Object.entries(live.config.models).map(([name, { cache, targets }]) => {
          const version = hash("sha256", JSON.stringify([targets, live.config.guard]));
          return [name, cache && { config: cache, version }];
        }),
      );
    }
    return known.get(model);
  };
}

async function embed(
  { catalogue }: Pick<House, "catalogue">,
  model: string,
  text: string,
): Promise<Float32Array> {
  if (model === "built-in") return wordVector(text);
  const [target] = catalogue.find(model).targets;
  if (!target) throw new WeirError("model_unavailable", `The model "${model}" has no target.`);
  const asked = { kind: "embedding" as const, model: target.model, input: [text] };
  const { vectors } = await target.provider.embed(asked, AbortSignal.timeout(EMBED_MS));
  return unit(Float32Array.from(vectors[0] ?? []));
}
