import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { redisUrl } from './servers.ts';

/** The Redis of this run, under a prefix that nobody else uses. */
export function testRedis(): { url: string; prefix: string } {
  return { url: redisUrl(), prefix: `test-${randomBytes(6).toString('hex')}` };
}

/** What FLUSHALL does, for the keys under a prefix (of which `about` is a part): other tests share the server. */
export async function removeKeys(
  { url, prefix }: { url: string; prefix: string },
  about = '',
): Promise<void> {
  const redis = new Redis(url);
  const keys = await redis.keys(`${prefix}*${about}*`);
  if (keys.length > 0) await redis.del(...keys);
  await redis.quit();
}
