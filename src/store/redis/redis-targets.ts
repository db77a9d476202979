import { createHash } from "node:crypto";
import type { Decision, Outage } from "../../core/target-news.ts";
import type { Redis } from "./redis.ts";
import type { RedisScript } from "./scripts.ts";

/** What replicas say of their targets. */
export interface TargetNews {
  readonly decisions: readonly Decision[];
  readonly outages: readonly Outage[];
}

/** One exchange: what this replica says, whole, against what all others say. Rejects as Redis does. */
export type ExchangeNews = (own: TargetNews) => Promise<TargetNews>;

/** What a replica said of outages counts for so long: one that is killed takes it with it. */
const LEASE_MS = 5_000;
/** Decisions that no living replica knows are forgotten after 30 days. */
const KEEP_MS = 30 * 86_400_000;

/**
 * `{prefix}:targets:decisions` a hash by identity: when it was decided, and 1 for drained
 * `{prefix}:targets:outages`   a hash by `REPLICA OPENING IDENTITY`: until when it counts, and until when the
 *                              breaker is open, both by Redis' clock
 *
 * One script does both, so that an exchange is one round trip. It writes only what is new.
 */
const EXCHANGE = script(`
local decisions, outages = KEYS[1], KEYS[2]
local me, lease, keep = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function digits(number) return string.format('%.0f', number) end

local at = 5
for _ = 1, tonumber(ARGV[4]) do
  local identity, moment, drained = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local known = redis.call('HGET', decisions, identity)
  local knownAt, knownDrained = 0, '0'
  if known then knownAt, knownDrained = string.match(known, '^(%d+) (%d)$') end
  local difference = tonumber(moment) - tonumber(knownAt)
  if difference > 0 or (difference == 0 and drained > knownDrained) then
    redis.call('HSET', decisions, identity, moment .. ' ' .. drained)
  end
  redis.call('PEXPIRE', decisions, keep)
  at = at + 3
end

local others, mine = {}, {}
while ARGV[at] do
  local field = me .. ' ' .. ARGV[at + 1] .. ' ' .. ARGV[at]
  mine[field] = true
  redis.call('HSET', outages, field,
    digits(now + lease) .. ' ' .. digits(now + tonumber(ARGV[at + 2])))
  redis.call('PEXPIRE', outages, lease * 2)
  at = at + 3
end
local found = redis.call('HGETALL', outages)
for place = 1, #found, 2 do
  local field = found[place]
  local replica, opening, identity = string.match(field, '^(%S+) (%S+) (%S+)$')
  local alive, untilAt = string.match(found[place + 1], '^(%d+) (%d+)$')
  if tonumber(alive) < now or (replica == me and not mine[field]) then
    redis.call('HDEL', outages, field)
  elseif replica ~= me then
    others[#others + 1] = identity
    others[#others + 1] = opening
    others[#others + 1] = digits(math.max(0, tonumber(untilAt) - now))
  end
end
return { redis.call('HGETALL', decisions), others }
`);

/** `replica` is one word that names this process and no other. */
export function createNewsExchange(
  redis: Pick<Redis, "run">,
  { prefix, replica }: { readonly prefix: string; readonly replica: string },
): ExchangeNews {
  const keys = ["decisions", "outages"].map((what) => `{${prefix}}:targets:${what}`);
  return async ({ decisions, outages }) => {
    const args = [
      replica,
      String(LEASE_MS),
      String(KEEP_MS),
      String(decisions.length),
      ...decisions.flatMap(({ identity, at, isDrained }) => [
        identity,
        String(at),
        isDrained ? "1" : "0",
      ]),
      ...outages.flatMap(({ identity, opening, forMs }) => [
        identity,
        opening,
        String(Math.round(forMs)),
      ]),
    ];
    const [decided, heard] = (await redis.run(EXCHANGE, keys, args)) as [string[], string[]]; // our own script's
    return { decisions: toDecisions(decided), outages: toOutages(heard) };
  };
}

function toDecisions(found: readonly string[]): Decision[] {
  const decisions: Decision[] = [];
  for (let place = 0; place + 1 < found.length; place += 2) {
    const [at = "0", drained] = (found[place + 1] ?? "").split(" ");
    decisions.push({
      identity: found[place] ?? "",
      at: Number(at),
      isDrained: drained === "1",
    });
  }
  return decisions;
}

function toOutages(found: readonly string[]): Outage[] {
  const outages: Outage[] = [];
  for (let place = 0; place + 2 < found.length; place += 3) {
    const [identity = "", opening = "", forMs] = found.slice(place, place + 3);
    outages.push({ identity, opening, forMs: Number(forMs) });
  }
  return outages;
}

function script(text: string): RedisScript {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}
