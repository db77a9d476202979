import { createHash } from "node:crypto";

/**
 * The ledger's steps inside Redis: each is one script, so each happens whole or not at all, for all
 * replicas in one order and by one clock. Numbers go in and out as digits: Lua would round them.
 *
 * `{prefix}:c:METER`      a counter. A minute: a hash of seconds. A day or month: a hash of w(indow),
 *                         u(sed) and r(eserved). Calls that run: a number.
 * `{prefix}:open:REPLICA` a hash of that replica's reservations: what each took, as JSON
 * `{prefix}:replicas`     which replicas are alive, by the moment at which they are taken for dead
 * `{prefix}:beat`         when a script ran last
 * `{prefix}:swept:CALL`   what a replica taken for dead had reserved, in case it is not dead
 * `{prefix}:done:CALL`    what was told already, or must not happen any more
 */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

const COMMON = `
local prefix = ARGV[1]
local me = ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
local month, monthFrom, monthTo = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local LEASE, SILENCE, SLOTS = 30000, 15000, 61

local function digits(number) return string.format('%.0f', number) end

local function windowOf(span)
  if span == 'day' then return math.floor(now / 86400000) end
  if now >= monthTo then return month + 1 end
  if now < monthFrom then return month - 1 end
  return month
end

-- A minute's slots, without those that are over.
local function minute(key)
  local head = math.floor(now / 1000)
  local found = redis.call('HGETALL', key)
  local slots, sum = {}, 0
  for at = 1, #found, 2 do
    local second = tonumber(found[at])
    if second <= head - SLOTS then redis.call('HDEL', key, found[at])
    else
      slots[second] = tonumber(found[at + 1])
      sum = sum + slots[second]
      if second > head then head = second end
    end
  end
  return sum, slots, head
end

-- A day's or month's used and reserved; nothing, where the window is an old one.
local function calendar(key, window)
  local found = redis.call('HMGET', key, 'w', 'u', 'r')
  if tonumber(found[1] or '0') < window then return 0, 0, window end
  return tonumber(found[2] or '0'), tonumber(found[3] or '0'), tonumber(found[1])
end

-- What was taken is settled: it was reserved (or charged already, when swept), and cost so much.
local function settle(entry, actual, isSwept)
  local key, span, window, amount = entry[1], entry[2], tonumber(entry[3]), tonumber(entry[4])
  if window < 0 then return end
  if span == 'open' then
    if not isSwept and redis.call('EXISTS', key) == 1 then
      if redis.call('DECRBY', key, digits(amount)) <= 0 then redis.call('DEL', key) end
    end
  elseif span == 'minute' then
    if redis.call('HEXISTS', key, window) == 1 then
      redis.call('HINCRBY', key, window, digits(actual - amount))
    end
  elseif tonumber(redis.call('HGET', key, 'w') or '-1') == window then
    if isSwept then redis.call('HINCRBY', key, 'u', digits(actual - amount))
    else
      redis.call('HINCRBY', key, 'r', digits(-amount))
      redis.call('HINCRBY', key, 'u', digits(actual))
    end
  end
end

-- Says that this replica is alive. Where nobody could say so for a while, everybody gets a new lease:
-- then it was Redis that slept.
local function live()
  local beat = tonumber(redis.call('GET', prefix .. ':beat') or now)
  redis.call('SET', prefix .. ':beat', digits(now))
  local replicas = prefix .. ':replicas'
  redis.call('ZADD', replicas, digits(now + LEASE), me)
  if now - beat > SILENCE then
    for _, name in ipairs(redis.call('ZRANGE', replicas, 0, -1)) do
      redis.call('ZADD', replicas, digits(now + LEASE), name)
    end
  end
  local dead = redis.call('ZRANGEBYSCORE', replicas, '-inf', '(' .. digits(now), 'LIMIT', 0, 1)[1]
  if not dead then return 0 end
  -- What the dead had reserved is charged in full, a handful at a time.
  local open = prefix .. ':open:' .. dead
  local found = redis.call('HSCAN', open, 0, 'COUNT', 100)[2]
  for at = 1, #found, 2 do
    for _, entry in ipairs(cjson.decode(found[at + 1])) do settle(entry, tonumber(entry[4]), false) end
    redis.call('SET', prefix .. ':swept:' .. found[at], found[at + 1], 'EX', 86400)
    redis.call('HDEL', open, found[at])
  end
  if redis.call('EXISTS', open) == 0 then redis.call('ZREM', replicas, dead) end
  return #found / 2
end
`;

/** ARGV[7] call, then for each of KEYS: span, limit, amount, mode. */
export const RESERVE = script(`
local swept = live()
local call = ARGV[7]
if redis.call('EXISTS', prefix .. ':done:' .. call) == 1 then return { '0', '0', '0', '1000' } end
local totals, windows, exceeded = {}, {}, {}
for place, key in ipairs(KEYS) do
  local base = 8 + (place - 1) * 4
  local span, limit, amount, mode = ARGV[base], tonumber(ARGV[base + 1]), tonumber(ARGV[base + 2]), ARGV[base + 3]
  local total, wait, window = 0, 1000, 0
  local used, slots, head
  if span == 'open' then
    total = tonumber(redis.call('GET', key) or '0')
  elseif span == 'minute' then
    total, slots, head = minute(key)
    window = head
  else
    local reserved
    used, reserved, window = calendar(key, windowOf(span))
    total = used + reserved
  end
  local isOver = total + amount > limit
  if isOver and mode == 'hard' then
    if amount > limit then wait = -1
    elseif span == 'minute' then
      local excess = total + amount - limit
      for second = head - SLOTS + 1, head do
        excess = excess - (slots[second] or 0)
        if excess <= 0 then wait = (second + SLOTS) * 1000 - now break end
      end
    elseif used and used + amount > limit then
      if span == 'day' then wait = (window + 1) * 86400000 - now
      else wait = math.max(1000, (now >= monthTo and monthTo + 2419200000 or monthTo) - now) end
    end
    return { '0', digits(place - 1), digits(total), digits(wait), digits(swept) }
  end
  if isOver then exceeded[#exceeded + 1] = digits(place - 1) end
  totals[place] = total
  windows[place] = (isOver and mode == 'shadow') and -1 or window
end
local taken, answer = {}, { '1', table.concat(exceeded, ','), digits(swept) }
for place, key in ipairs(KEYS) do
  local base = 8 + (place - 1) * 4
  local span, amount, window = ARGV[base], tonumber(ARGV[base + 2]), windows[place]
  if window >= 0 then
    if span == 'open' then redis.call('INCRBY', key, digits(amount))
    elseif span == 'minute' then
      redis.call('HINCRBY', key, digits(window), digits(amount))
      redis.call('PEXPIRE', key, 62000)
    else
      if tonumber(redis.call('HGET', key, 'w') or '-1') ~= window then
        redis.call('DEL', key)
        redis.call('HSET', key, 'w', digits(window))
      end
      redis.call('HINCRBY', key, 'r', digits(amount))
      redis.call('EXPIRE', key, span == 'day' and 172800 or 3024000)
    end
    totals[place] = totals[place] + amount
  end
  taken[place] = { key, span, digits(window), digits(amount) }
  answer[place + 3] = digits(totals[place])
end
redis.call('HSET', prefix .. ':open:' .. me, call, cjson.encode(taken))
return answer
`);

/** ARGV[7] call, ARGV[8] the replica that it was reserved by, then what each of its meters came to. */
export const SETTLE = script(`
live()
local call, owner = ARGV[7], ARGV[8]
local open = prefix .. ':open:' .. owner
local record, isSwept = redis.call('HGET', open, call), false
if record then redis.call('HDEL', open, call)
else
  record = redis.call('GET', prefix .. ':swept:' .. call)
  if record then
    isSwept = true
    redis.call('DEL', prefix .. ':swept:' .. call)
  else
    -- It may still come: a connection that broke can have it in its buffers.
    redis.call('SET', prefix .. ':done:' .. call, '1', 'EX', 600)
    return 0
  end
end
for place, entry in ipairs(cjson.decode(record)) do
  settle(entry, tonumber(ARGV[8 + place] or '0'), isSwept)
end
return 1
`);

/** What was counted elsewhere while Redis was away. ARGV[7] call, then for each of KEYS: span, window, amount. */
export const CHARGE = script(`
live()
if not redis.call('SET', prefix .. ':done:' .. ARGV[7], '1', 'NX', 'EX', 172800) then return 0 end
for place, key in ipairs(KEYS) do
  local base = 8 + (place - 1) * 3
  local span, window, amount = ARGV[base], tonumber(ARGV[base + 1]), ARGV[base + 2]
  local _, _, current = calendar(key, windowOf(span))
  if current == window then
    if tonumber(redis.call('HGET', key, 'w') or '-1') ~= window then
      redis.call('DEL', key)
      redis.call('HSET', key, 'w', digits(window))
    end
    redis.call('HINCRBY', key, 'u', amount)
    redis.call('EXPIRE', key, span == 'day' and 172800 or 3024000)
  end
end
return 1
`);

export const BEAT = script(`return live()`);

/** What these counters stand at; ARGV from 7 has the span of each. */
export const READ = script(`
local answer = {}
for place, key in ipairs(KEYS) do
  local span = ARGV[6 + place]
  local used, reserved, reset = 0, 0, -1
  if span == 'open' then reserved = tonumber(redis.call('GET', key) or '0')
  elseif span == 'minute' then
    local _, head
    used, _, head = minute(key)
    reset = (head + SLOTS) * 1000
  else
    local window
    used, reserved, window = calendar(key, windowOf(span))
    reset = span == 'day' and (window + 1) * 86400000 or monthTo
  end
  answer[place] = digits(used) .. ' ' .. digits(reserved) .. ' ' .. digits(reset)
end
return answer
`);

function script(body: string): RedisScript {
  const text = COMMON + body;
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}
