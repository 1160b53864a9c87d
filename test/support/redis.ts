import { randomBytes } from 'node:crypto';
import { redisUrl } from './servers.ts';

/** The Redis of this run, under a prefix that nobody else uses. */
export function testRedis(): { url: string; prefix: string } {
  return { url: redisUrl(), prefix: `test-${randomBytes(6).toString('hex')}` };
}
