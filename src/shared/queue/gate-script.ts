import { createRedisScript } from '../platform/redis/redis-script.ts';

/** How many arguments each question or report has, after the four that all have in common. */
const argumentsOfEach = 9;

/**
 * Asks the gate and reports to it, several times at once, one after the other; what it decides, and for which
 * arguments, is said in `gate.ts`. Returns an answer to each.
 */
export const gateScript = createRedisScript(`
-- A minute, in which the limits of a provider are counted and what it said of them is believed.
local minute_ms = 60000
-- The state is kept longer than any Retry-After that is believed.
local keep_ms = 25 * 3600000
-- The breaker: it opens after so many failures in a row, for so long, doubling up to so long.
local failures_max, open_ms, open_ms_max = 5, 5000, 30000
-- Half-open it lets so many probes through; who is not one asks again after so long.
local probes_max, probe_wait_ms, probe_wait_ms_max = 2, 250, 1000
-- When a block is over, one call in so long passes, for so long.
local pace_ms, paced_ms = 250, 2000
-- Who is next stays so until it should have asked again and a little more. A call that has to wait this long
-- goes back to the backlog instead.
local next_margin_ms, next_wait_ms_max = 500, 5000
-- How soon to ask again: for a slot, who is next or not; and behind who is next.
local slot_wait_ms, slot_wait_ms_others, turn_wait_ms = 25, 100, 50
-- A ticket without a rank, from before they had one, goes last: this is BullMQ's lowest priority.
local last_rank = 2097152

local gate, slots = KEYS[1], KEYS[2]
local rpm, tpm, max_slots = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local slot_ms = tonumber(ARGV[4])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local h = {}
local raw = redis.call('HGETALL', gate)
for i = 1, #raw, 2 do h[raw[i]] = tonumber(raw[i + 1]) end
local set, gone = {}, {}
local function put(name, v) h[name], set[name], gone[name] = v, v, nil end
local function drop(...)
  for _, name in ipairs({...}) do
    if h[name] then h[name], set[name], gone[name] = nil, nil, true end
  end
end
local function refill(name, limit)
  if limit == 0 then return nil end
  local left = h[name]
  if left == nil then return limit end
  return math.min(limit, left + limit * (now - (h.at or now)) / minute_ms)
end
local requests, left = refill('requests', rpm), refill('tokens', tpm)
local function keep()
  put('at', now)
  if requests then put('requests', requests) end
  if left then put('tokens', left) end
end
-- What the provider said is left, less what was let through since.
local function said(name)
  if h[name] and (h[name .. '_until'] or 0) > now then return h[name] end
end
local function least(ours, theirs)
  if ours == nil then return theirs end
  return theirs and math.min(ours, theirs) or ours
end

local function status()
  local state = 0
  if (h.fails or 0) >= failures_max then if now < (h.open_until or 0) then state = 1 else state = 2 end end
  local requests_left, tokens_left = least(requests, said('said_requests')), least(left, said('said_tokens'))
  return {state, h.blocked_until or 0, requests_left and math.floor(requests_left) or -1,
    tokens_left and math.floor(math.max(0, tokens_left)) or -1, now}
end

local used
local function has_slot()
  if max_slots == 0 then return true end
  if not used then
    redis.call('ZREMRANGEBYSCORE', slots, 0, now)
    used = redis.call('ZCARD', slots)
  end
  return used < max_slots
end

local function admit(tokens, slot, rank)
  local passing = {}
  if (h.blocked_until or 0) > now then return {0, h.blocked_until - now, 'blocked'} end
  if (h.fails or 0) >= failures_max then
    if now < (h.open_until or 0) then return {0, h.open_until - now, 'breaker'} end
    local probes = h.probes or 0
    if (h.probes_until or 0) < now then probes = 0 end
    if probes >= probes_max then
      return {0, math.max(probe_wait_ms, math.min(probe_wait_ms_max, h.probes_until - now)), 'breaker'}
    end
    passing.probes, passing.probes_until = probes + 1, now + slot_ms
  end
  if now < (h.paced_until or 0) then
    if now < (h.pace_at or 0) then return {0, h.pace_at - now, 'blocked'} end
    passing.pace_at = now + pace_ms
  end
  local is_next = (h.next_until or 0) <= now or rank <= (h.next_rank or 0)
  local function refuse(ms)
    if is_next and ms < next_wait_ms_max then
      put('next_rank', rank)
      put('next_until', now + ms + next_margin_ms)
    end
    return {0, ms, 'limit'}
  end
  local wait = 0
  if requests and requests < 1 then wait = math.max(wait, (1 - requests) * minute_ms / rpm) end
  if left and left < math.min(tokens, tpm) then
    wait = math.max(wait, (math.min(tokens, tpm) - left) * minute_ms / tpm)
  end
  if wait > 0 then return refuse(math.ceil(wait)) end
  if not has_slot() then return refuse(is_next and slot_wait_ms or slot_wait_ms_others) end
  if not is_next then return {0, turn_wait_ms, 'limit'} end
  drop('next_rank', 'next_until')
  if max_slots > 0 then
    used = used + redis.call('ZADD', slots, now + slot_ms, slot)
    redis.call('PEXPIRE', slots, slot_ms)
  end
  for name, v in pairs(passing) do put(name, v) end
  if requests then requests = requests - 1 end
  if left then left = left - tokens end
  if said('said_requests') then put('said_requests', math.max(0, h.said_requests - 1)) end
  if said('said_tokens') then put('said_tokens', math.max(0, h.said_tokens - tokens)) end
  keep()
  return {1, 0, ''}
end

local function report(tokens, slot, kind, value, used_up_ms, said_requests, said_tokens)
  local blocked_until, fails = h.blocked_until or 0, h.fails or 0
  if max_slots > 0 then
    local freed = redis.call('ZREM', slots, slot)
    if used then used = used - freed end
  end
  if kind == 'ok' then
    if left then left = math.min(tpm, left + tokens - value) end
    if blocked_until <= now then drop('paced_until', 'pace_at') end
    if fails > 0 then drop('fails', 'opens', 'open_until', 'probes', 'probes_until') end
  elseif kind == 'failure' then
    if left then left = math.min(tpm, left + tokens) end
    put('fails', fails + 1)
    if fails + 1 >= failures_max and now >= (h.open_until or 0) then
      local opens = (h.opens or 0) + 1
      put('opens', opens)
      put('open_until', now + math.min(open_ms_max, open_ms * 2 ^ (opens - 1)))
      put('probes', 0)
    end
  elseif kind == 'throttled' then
    if left then left = math.min(tpm, left + tokens) end
    blocked_until = math.max(blocked_until, now + value)
    if fails >= failures_max then put('probes', math.max(0, (h.probes or 1) - 1)) end
  else
    if left then left = math.min(tpm, left + tokens) end
    if kind == 'unused' then
      if requests then requests = math.min(rpm, requests + 1) end
      if said('said_requests') then put('said_requests', h.said_requests + 1) end
      if said('said_tokens') then put('said_tokens', h.said_tokens + tokens) end
      drop('pace_at')
    end
    if fails >= failures_max then put('probes', math.max(0, (h.probes or 1) - 1)) end
  end
  if said_requests >= 0 then
    put('said_requests', said_requests)
    put('said_requests_until', now + minute_ms)
  end
  if said_tokens >= 0 then put('said_tokens', said_tokens); put('said_tokens_until', now + minute_ms) end
  if used_up_ms > 0 then blocked_until = math.max(blocked_until, now + used_up_ms) end
  if kind == 'throttled' or used_up_ms > 0 then
    put('blocked_until', blocked_until)
    put('paced_until', blocked_until + paced_ms)
  end
  keep()
  return {1, 0, ''}
end

local answers = {}
for i = 5, #ARGV, ${argumentsOfEach} do
  local op, tokens, slot = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local answer
  if op == 'status' then
    answer = status()
  elseif op == 'admit' then
    answer = admit(tokens, slot, tonumber(ARGV[i + 3]) or last_rank)
  else
    answer = report(tokens, slot, ARGV[i + 4], tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6]),
      tonumber(ARGV[i + 7]), tonumber(ARGV[i + 8]))
  end
  answers[#answers + 1] = answer
end

local written, removed = {}, {}
for name, v in pairs(set) do written[#written + 1] = name; written[#written + 1] = v end
for name in pairs(gone) do removed[#removed + 1] = name end
if #removed > 0 then redis.call('HDEL', gate, unpack(removed)) end
if #written > 0 then
  redis.call('HSET', gate, unpack(written))
  redis.call('PEXPIRE', gate, keep_ms)
end
return answers
`);

/** Moves the ends of slots that are still held. */
export const keepSlotsScript = createRedisScript(`
local slot_ms = tonumber(ARGV[1])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', now + slot_ms, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], slot_ms)
`);
