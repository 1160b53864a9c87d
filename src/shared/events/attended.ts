import { randomUUID } from 'node:crypto';
import type { Subscriber } from '../platform/redis/subscriber.ts';

/**
 * Who begins to watch a job signals that to the process that writes its events, over a channel of that
 * process: its writers hear of their own watchers only.
 */
export function createAttended(subscriber: Subscriber, prefix: string) {
  const channel = `${prefix}:writers:${randomUUID()}`;
  const listeners = new Map<string, Set<() => void>>();
  subscriber.onMessage((name, jobId) => {
    if (name !== channel) return;
    for (const listener of listeners.get(jobId) ?? []) listener();
  });
  void subscriber.subscribe(channel);

  return {
    channel,
    /** Calls `listener` for each who begins to watch the job, until the returned function is called. */
    on: (jobId: string, listener: () => void): (() => void) => {
      const others = listeners.get(jobId) ?? new Set();
      listeners.set(jobId, others.add(listener));
      return () => {
        others.delete(listener);
        if (others.size === 0 && listeners.get(jobId) === others) listeners.delete(jobId);
      };
    },
  };
}
