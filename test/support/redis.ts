import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { redisClusterNodes, redisUrl } from './servers.ts';

/** The Redis of this run, under a prefix that nobody else uses. */
export function testRedis(): { url: string; clusterNodes: string[] | null; prefix: string } {
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  return { url: redisUrl(), clusterNodes: redisClusterNodes(), prefix };
}

/**
 * What FLUSHALL does, for the keys under a prefix (of which `about` is a part): other tests share the server.
 * At one moment, as FLUSHALL is: deleted one by one while a worker writes, a ticket could keep its text and
 * lose its place, which no Redis does to it.
 */
export async function removeKeys(
  { url, clusterNodes, prefix }: ReturnType<typeof testRedis>,
  about = '',
): Promise<void> {
  const pattern = `${prefix}*${about}*`;
  if (clusterNodes === null) await removeAtOnce(new Redis(url), pattern);
  else for (const node of clusterNodes) await removeBySlot(new Redis(`redis://${node}`), pattern);
}

async function removeAtOnce(redis: Redis, pattern: string): Promise<void> {
  const script = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end";
  await redis.eval(script, 0, pattern);
  await redis.quit();
}

/**
 * In a cluster a command names keys of one slot only: those with the same part in braces, which are what
 * belongs together.
 */
async function removeBySlot(redis: Redis, pattern: string): Promise<void> {
  const slots = new Map<string, string[]>();
  for (const key of await redis.keys(pattern)) {
    const slot = /\{([^}]+)\}/.exec(key)?.[1] ?? key;
    slots.set(slot, [...(slots.get(slot) ?? []), key]);
  }
  await Promise.all([...slots.values()].map((keys) => redis.del(...keys)));
  await redis.quit();
}
