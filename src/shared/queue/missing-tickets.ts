import type { RedisConnection } from '../platform/redis/redis.ts';
import { createRedisScript } from '../platform/redis/redis-script.ts';
import { queueName, queuePrefix, ticketId } from './queue.ts';
import type { TicketKey } from './sql/tickets.ts';

/** Where a ticket can be that will still be taken, the likeliest first: sorted sets, then lists. */
const sets = ['prioritized', 'delayed'];
const lists = ['active', 'wait', 'paused'];

// What is left of a ticket is removed: BullMQ takes a ticket whose text is there for one that waits, and
// would not add it again.
const script = createRedisScript(`
local sets, lists = ${sets.length}, ${lists.length}
local listed
local function is_listed(id)
  if not listed then
    listed = {}
    for n = sets + 1, sets + lists do
      for _, other in ipairs(redis.call('LRANGE', KEYS[n], 0, -1)) do listed[other] = true end
    end
  end
  return listed[id]
end
local function is_placed(id)
  for n = 1, sets do if redis.call('ZSCORE', KEYS[n], id) then return true end end
  return is_listed(id)
end
local missing = {}
for n, id in ipairs(ARGV) do
  local text = KEYS[sets + lists + n]
  if redis.call('HEXISTS', text, 'data') == 0 or not is_placed(id) then
    redis.call('DEL', text)
    missing[#missing + 1] = n - 1
  end
end
return missing
`);

/**
 * Says which of one provider's tickets nobody would ever take, and removes what is left of them: lost with
 * Redis, taken and finished by somebody who did not claim, or with only their text or only their place left,
 * as a Redis that evicts leaves them. Each can be added again afterwards.
 */
export async function clearMissingTickets<Key extends TicketKey>(
  redis: RedisConnection,
  prefix: string,
  provider: string,
  tickets: Key[],
): Promise<Key[]> {
  if (tickets.length === 0) return [];
  const key = (name: string) => `${queuePrefix(prefix, provider)}:${queueName(provider)}:${name}`;
  const ids = tickets.map(ticketId);
  const missing = new Set((await script(redis, [...sets, ...lists, ...ids].map(key), ids)) as number[]);
  return tickets.filter((_, index) => missing.has(index));
}
