import { setImmediate as nextTurn } from 'node:timers/promises';
import { BackgroundTasks } from '../background-tasks.ts';
import type { RedisConnection } from './redis.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * Hints between processes over Redis publish/subscribe. A hint may be lost: whoever waits for one also looks
 * for itself now and then. Sending never fails and never waits.
 *
 * - `backlog <provider>`: a job waits for this provider.
 * - `cancel <job id>`: a running job was asked to stop.
 * - `deliveries`: a webhook is owed.
 * - `providers`: one was paused or resumed.
 * - `endpoints`: a webhook endpoint was changed or deleted, or is to be sent again what it has not had.
 */
export type Signals = {
  publish(topic: Topic, about?: string): void;
  subscribe(topic: Topic, listener: (about: string) => void): void;
  /** Resolves when every hint has left, or could not. */
  sent(): Promise<void>;
};

type Topic = 'backlog' | 'cancel' | 'deliveries' | 'providers' | 'endpoints';

/** The name on the wire is older than ours: processes of two releases hear each other. */
const channelOf = (prefix: string, topic: Topic) => `${prefix}:news:${topic}`; // wire name

export function createSignals(
  redis: RedisConnection,
  subscriber: Subscriber | null,
  prefix: string,
): Signals {
  const listeners = new Map<string, ((about: string) => void)[]>();
  // Jobs that are committed together give one hint, not one each.
  const unsent = new Set<string>();
  const backgroundTasks = new BackgroundTasks();
  subscriber?.onMessage((channel, about) => {
    for (const listener of listeners.get(channel) ?? []) listener(about);
  });
  return {
    publish: (topic, about = '') => {
      const hint = `${topic} ${about}`;
      if (unsent.has(hint)) return;
      unsent.add(hint);
      const publish = async () => {
        await nextTurn();
        unsent.delete(hint);
        await redis.publish(channelOf(prefix, topic), about);
      };
      backgroundTasks.track(publish());
    },
    sent: () => backgroundTasks.drained(),
    subscribe: (topic, listener) => {
      const channel = channelOf(prefix, topic);
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      void subscriber?.subscribe(channel);
    },
  };
}
