import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { redisClusterNodes, redisUrl } from './servers.ts';

/** The Redis of this run, under a prefix that nobody else uses. */
export function testRedis(): { url: string; clusterNodes: string[] | null; prefix: string } {
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  return { url: redisUrl(), clusterNodes: redisClusterNodes(), prefix };
}

/** What FLUSHALL does, for the keys under a prefix (of which `about` is a part): other tests share the server. */
export async function removeKeys(
  { url, clusterNodes, prefix }: ReturnType<typeof testRedis>,
  about = '',
): Promise<void> {
  const masters = clusterNodes ?? [new URL(url).host];
  for (const address of masters) {
    const redis = new Redis(`redis://${address}`);
    const keys = await redis.keys(`${prefix}*${about}*`);
    // One by one: in a cluster a command may name keys of one slot only.
    await Promise.all(keys.map((key) => redis.del(key)));
    await redis.quit();
  }
}
