import { setTimeout as sleep } from 'node:timers/promises';
import { BackgroundTasks } from '../background-tasks.ts';
import type { RedisConnection } from './redis.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * Hints between processes over Redis publish/subscribe. A hint may be lost: whoever waits for one also looks
 * for itself now and then. Sending never fails and never waits.
 *
 * - `backlog <provider>`: a job waits for this provider; without a name, for one or another.
 * - `batches`: one was begun or is to be cancelled.
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

/** The same hint is sent no more often: at once, and once more when it was given again meanwhile. */
const repeatMs = 5;

type Topic = 'backlog' | 'batches' | 'cancel' | 'deliveries' | 'providers' | 'endpoints';

/** The name on the wire is older than ours: processes of two releases hear each other. */
const channelOf = (prefix: string, topic: Topic) => `${prefix}:news:${topic}`; // wire name

export function createSignals(
  redis: RedisConnection,
  subscriber: Subscriber | null,
  prefix: string,
): Signals {
  const listeners = new Map<string, ((about: string) => void)[]>();
  /** What was sent a moment ago, and whether it is to be sent again: under load jobs share their hints. */
  const recent = new Map<string, { again: boolean }>();
  const backgroundTasks = new BackgroundTasks();
  subscriber?.onMessage((channel, about) => {
    for (const listener of listeners.get(channel) ?? []) listener(about);
  });
  async function send(topic: Topic, about: string, state: { again: boolean }): Promise<void> {
    do {
      state.again = false;
      const sending = redis.publish(channelOf(prefix, topic), about);
      await Promise.allSettled([sending, sleep(repeatMs)]);
    } while (state.again);
    recent.delete(`${topic} ${about}`);
  }

  return {
    publish: (topic, about = '') => {
      const hint = `${topic} ${about}`;
      const state = recent.get(hint);
      if (state !== undefined) {
        state.again = true;
        return;
      }
      const first = { again: false };
      recent.set(hint, first);
      backgroundTasks.track(send(topic, about, first));
    },
    sent: () => backgroundTasks.drained(),
    subscribe: (topic, listener) => {
      const channel = channelOf(prefix, topic);
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      void subscriber?.subscribe(channel);
    },
  };
}
