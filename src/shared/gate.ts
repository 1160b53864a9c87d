import type { RedisConnection } from './redis.ts';
import { redisKey } from './redis.ts';
import { createRedisScript } from './redis-script.ts';

/**
 * The gate of one provider and model: whether a call may be made now. One script on one hash, shared by every process:
 * - requests and tokens left in the minute (refilled evenly; a request larger than the bucket passes when it is full and
 *   leaves a debt, so it is never stuck),
 * - slots, when the provider has a maximum concurrency (each with an end, so a killed worker's slot comes free),
 * - who is next, when a limit makes calls wait: of those that were refused, the one with the best rank goes before all others.
 *   Else whoever happened to ask again first would pass, and the fair order of the tickets would be lost,
 * - `blocked_until` from Retry-After: a shorter value never shortens a longer one. When it is over, only one call every 250 ms
 *   passes until one is answered or 2 s are over: a provider that still throttles refuses a few calls, not all that waited,
 * - the same block when the provider's headers say that nothing is left of one of its limits; what is left is shown for a minute,
 * - the breaker: closed; open after 5 failures in a row, for 5 s doubling to 30 s; half-open lets 2 probes through.
 * Lost with Redis, everything starts full and closed, and the first 429 teaches it again. Time is Redis's own.
 */
export type GateLimits = {
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  maxConcurrency: number | null;
};

/** What asks to pass: a call to a model, the tokens it may take and the slot it would hold. `rank`: lower goes first. */
export type GatePass = { provider: string; model: string; tokens: number; slot: string; rank: number };

/** Admitted, or how long to wait and for what. */
export type Admission =
  | { admitted: true }
  | { admitted: false; waitMs: number; reason: 'blocked' | 'breaker' | 'limit' };

/**
 * What a call says about the provider. `neutral` says nothing of its health: a bad request or a cancel is the caller's, and
 * never trips the breaker.
 */
export type GateReport =
  | { kind: 'ok'; tokensUsed: number }
  | { kind: 'failure' }
  | { kind: 'neutral' }
  /** There was no call. */
  | { kind: 'unused' }
  | { kind: 'throttled'; retryAfterMs: number };

/** What the provider's headers said of its own limits. `usedUpMs`: for how long nothing is left of one, else 0. */
export type SaidLimits = { requestsLeft: number | null; tokensLeft: number | null; usedUpMs: number };

export type GateStatus = {
  breaker: 'closed' | 'open' | 'half_open';
  blockedUntil: Date | null;
  requestsLeft: number | null;
  tokensLeft: number | null;
};

const script = createRedisScript(`
local gate, slots = KEYS[1], KEYS[2]
local op = ARGV[1]
local rpm, tpm, max_slots = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local tokens, slot, slot_ms = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
-- A ticket without a rank, from before they had one, goes last: this is BullMQ's lowest priority.
local rank, kind, value = tonumber(ARGV[8]) or 2097152, ARGV[9], tonumber(ARGV[10])
local used_up_ms, said_requests, said_tokens = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
-- Longer than any Retry-After that is believed.
local keep_ms = 25 * 3600000
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local h = {}
local raw = redis.call('HGETALL', gate)
for i = 1, #raw, 2 do h[raw[i]] = tonumber(raw[i + 1]) end
local function refill(name, limit)
  if limit == 0 then return nil end
  local left = h[name]
  if left == nil then return limit end
  return math.min(limit, left + limit * (now - (h.at or now)) / 60000)
end
local requests, left = refill('requests', rpm), refill('tokens', tpm)
local set = {'at', now}
local function put(name, v) set[#set + 1] = name; set[#set + 1] = v end
local function keep()
  if requests then put('requests', requests) end
  if left then put('tokens', left) end
  redis.call('HSET', gate, unpack(set))
  redis.call('PEXPIRE', gate, keep_ms)
end
-- What the provider said is left, less what was let through since.
local function said(name)
  if h[name] and (h[name .. '_until'] or 0) > now then return h[name] end
end
local function least(ours, theirs)
  if ours == nil then return theirs end
  return theirs and math.min(ours, theirs) or ours
end
local open_until = h.open_until or 0
local fails = h.fails or 0

if op == 'status' then
  local state = 0
  if fails >= 5 then if now < open_until then state = 1 else state = 2 end end
  local requests_left, tokens_left = least(requests, said('said_requests')), least(left, said('said_tokens'))
  return {state, h.blocked_until or 0, requests_left and math.floor(requests_left) or -1,
    tokens_left and math.floor(math.max(0, tokens_left)) or -1, now}
end

if op == 'admit' then
  if (h.blocked_until or 0) > now then return {0, h.blocked_until - now, 'blocked'} end
  if fails >= 5 then
    if now < open_until then return {0, open_until - now, 'breaker'} end
    local probes = h.probes or 0
    if (h.probes_until or 0) < now then probes = 0 end
    if probes >= 2 then return {0, math.max(250, math.min(1000, h.probes_until - now)), 'breaker'} end
    put('probes', probes + 1)
    put('probes_until', now + slot_ms)
  end
  if now < (h.paced_until or 0) then
    if now < (h.pace_at or 0) then return {0, h.pace_at - now, 'blocked'} end
    put('pace_at', now + 250)
  end
  local is_next = (h.next_until or 0) <= now or rank <= (h.next_rank or 0)
  local function refuse(ms)
    -- It is next until it should have asked again; a call that has to wait five seconds goes back to the backlog instead.
    if is_next and ms < 5000 then
      redis.call('HSET', gate, 'next_rank', rank, 'next_until', now + ms + 500)
      redis.call('PEXPIRE', gate, keep_ms)
    end
    return {0, ms, 'limit'}
  end
  local wait = 0
  if requests and requests < 1 then wait = math.max(wait, (1 - requests) * 60000 / rpm) end
  if left and left < math.min(tokens, tpm) then wait = math.max(wait, (math.min(tokens, tpm) - left) * 60000 / tpm) end
  if wait > 0 then return refuse(math.ceil(wait)) end
  if max_slots > 0 then
    redis.call('ZREMRANGEBYSCORE', slots, 0, now)
    if redis.call('ZCARD', slots) >= max_slots then return refuse(is_next and 25 or 100) end
  end
  if not is_next then return {0, 50, 'limit'} end
  redis.call('HDEL', gate, 'next_rank', 'next_until')
  if max_slots > 0 then
    redis.call('ZADD', slots, now + slot_ms, slot)
    redis.call('PEXPIRE', slots, slot_ms)
  end
  if requests then requests = requests - 1 end
  if left then left = left - tokens end
  if said('said_requests') then put('said_requests', math.max(0, h.said_requests - 1)) end
  if said('said_tokens') then put('said_tokens', math.max(0, h.said_tokens - tokens)) end
  keep()
  return {1, 0, ''}
end

local blocked_until = h.blocked_until or 0
if max_slots > 0 then redis.call('ZREM', slots, slot) end
if kind == 'ok' then
  if left then left = math.min(tpm, left + tokens - value) end
  if h.paced_until and blocked_until <= now then redis.call('HDEL', gate, 'paced_until', 'pace_at') end
  if fails > 0 then redis.call('HDEL', gate, 'fails', 'opens', 'open_until', 'probes', 'probes_until') end
elseif kind == 'failure' then
  if left then left = math.min(tpm, left + tokens) end
  put('fails', fails + 1)
  if fails + 1 >= 5 and now >= open_until then
    local opens = (h.opens or 0) + 1
    put('opens', opens)
    put('open_until', now + math.min(30000, 5000 * 2 ^ (opens - 1)))
    put('probes', 0)
  end
elseif kind == 'throttled' then
  if left then left = math.min(tpm, left + tokens) end
  blocked_until = math.max(blocked_until, now + value)
  if fails >= 5 then put('probes', math.max(0, (h.probes or 1) - 1)) end
else
  if left then left = math.min(tpm, left + tokens) end
  if requests and kind == 'unused' then requests = math.min(rpm, requests + 1) end
  if fails >= 5 then put('probes', math.max(0, (h.probes or 1) - 1)) end
end
if said_requests >= 0 then put('said_requests', said_requests); put('said_requests_until', now + 60000) end
if said_tokens >= 0 then put('said_tokens', said_tokens); put('said_tokens_until', now + 60000) end
if used_up_ms > 0 then blocked_until = math.max(blocked_until, now + used_up_ms) end
if kind == 'throttled' or used_up_ms > 0 then
  put('blocked_until', blocked_until)
  put('paced_until', blocked_until + 2000)
end
keep()
return {1, 0, ''}
`);

const keepSlotsScript = createRedisScript(`
local slot_ms = tonumber(ARGV[1])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', now + slot_ms, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], slot_ms)
`);

export type Gate = {
  admit(pass: GatePass): Promise<Admission>;
  /** Gives the slot back and tells what was learned. Never throws: a report that is lost is learned again. */
  report(pass: GatePass, report: GateReport, said?: SaidLimits | null): Promise<void>;
  /** Keeps the slots of running calls for another `slotMs`; a slot nobody keeps comes free by itself. */
  keepSlots(provider: string, slots: string[]): Promise<void>;
  status(provider: string, model: string): Promise<GateStatus>;
};

/** `limitsOf` gives the configured limits of a provider. `slotMs` is how long a slot may be held without a report. */
export function createGate(deps: {
  redis: RedisConnection;
  prefix: string;
  slotMs: number;
  limitsOf(provider: string): GateLimits;
}): Gate {
  async function run(
    op: string,
    pass: GatePass,
    kind = '',
    value = 0,
    said: SaidLimits | null = null,
  ): Promise<[number, number, ...unknown[]]> {
    const limits = deps.limitsOf(pass.provider);
    const keys = [
      redisKey(deps.prefix, `gate:${pass.model}`, pass.provider),
      redisKey(deps.prefix, 'slots', pass.provider),
    ];
    const { requestsPerMinute, tokensPerMinute, maxConcurrency } = limits;
    const limitArgs = [requestsPerMinute ?? 0, tokensPerMinute ?? 0, maxConcurrency ?? 0];
    const saidArgs = [said?.usedUpMs ?? 0, said?.requestsLeft ?? -1, said?.tokensLeft ?? -1];
    const passArgs = [pass.tokens, pass.slot, deps.slotMs, pass.rank];
    const args = [op, ...limitArgs, ...passArgs, kind, value, ...saidArgs];
    return (await script(deps.redis, keys, args)) as [number, number, ...unknown[]];
  }
  return {
    admit: async (pass) => {
      const [admitted, waitMs, reason] = await run('admit', pass);
      if (admitted === 1) return { admitted: true };
      return { admitted: false, waitMs, reason: reason as 'blocked' | 'breaker' | 'limit' };
    },
    report: async (pass, report, said = null) => {
      let value = 0;
      if (report.kind === 'ok') value = report.tokensUsed;
      if (report.kind === 'throttled') value = report.retryAfterMs;
      await run('report', pass, report.kind, value, said).catch(() => undefined);
    },
    keepSlots: async (provider, slots) => {
      if (slots.length === 0 || deps.limitsOf(provider).maxConcurrency === null) return;
      const key = redisKey(deps.prefix, 'slots', provider);
      await keepSlotsScript(deps.redis, [key], [deps.slotMs, ...slots]).catch(() => undefined);
    },
    status: async (provider, model) => {
      const answer = await run('status', { provider, model, tokens: 0, slot: '', rank: 0 });
      const [breaker, blockedUntilMs, requestsLeft, tokensLeft, nowMs] = answer.map(Number);
      return {
        breaker: (['closed', 'open', 'half_open'] as const)[breaker ?? 0] ?? 'closed',
        blockedUntil: Number(blockedUntilMs) > Number(nowMs) ? new Date(Number(blockedUntilMs)) : null,
        requestsLeft: requestsLeft === -1 ? null : (requestsLeft ?? null),
        tokensLeft: tokensLeft === -1 ? null : (tokensLeft ?? null),
      };
    },
  };
}

/** The configured limits by provider name; a provider nobody configured has none. */
export function limitsFrom(providers: ({ name: string } & GateLimits)[]): (provider: string) => GateLimits {
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  const none: GateLimits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrency: null };
  return (name) => byName.get(name) ?? none;
}
