import type { RedisConnection } from '../platform/redis/redis.ts';
import { createRedisScript } from '../platform/redis/redis-script.ts';

/** Sends a message to whoever subscribes to the channel. Never fails, never waits. */
export type Publish = (channel: string, message: string) => void;

/** A script is short, so that it holds no other client of Redis up. */
const messagesMax = 200;

const publishScript = createRedisScript(`
for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
`);

/**
 * Signals that are given in one turn of the event loop leave together, in one command. Each job has a channel
 * of its own: with one for all jobs, hundreds of processes would read each other's signals.
 */
export function createPublisher(redis: RedisConnection): Publish {
  let waiting: string[] = [];

  function send(messages: string[]): void {
    const [channel = '', message = ''] = messages;
    const sending =
      messages.length === 2 ? redis.publish(channel, message) : publishScript(redis, [], messages);
    sending.catch(() => undefined);
  }

  function sendAll(): void {
    const messages = waiting;
    waiting = [];
    for (let from = 0; from < messages.length; from += messagesMax * 2) {
      send(messages.slice(from, from + messagesMax * 2));
    }
  }

  return (channel, message) => {
    if (waiting.length === 0) setImmediate(sendAll);
    waiting.push(channel, message);
  };
}
