import { hash } from 'node:crypto';
import type { RedisConnection } from './redis.ts';

/** Runs one Lua script on keys that share a cluster node; resolves to what it returns. */
export type RedisScript = (
  redis: RedisConnection,
  keys: string[],
  args: (string | number)[],
) => Promise<unknown>;

/**
 * A script that is sent by its hash, and as text only to a server that does not know it (yet, or any more).
 */
export function createRedisScript(text: string): RedisScript {
  const sha1 = hash('sha1', text);
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(sha1, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return await redis.eval(text, keys.length, ...keys, ...args);
    }
  };
}
