import { jobChannel } from './events/event-log.ts';
import { createEventWriter, type JobEventWriter, type WriterJob } from './events/event-writer.ts';
import type { RedisConnection } from './redis.ts';
import type { Log } from './telemetry.ts';

export type JobEvents = {
  openWriter(job: WriterJob): JobEventWriter;
  /** Tells everyone who watches that the job's row changed. May be lost; never fails. */
  announce(jobId: string): void;
  /** Calls `listener` on every news of a job, until the returned function is called. */
  onChange(jobId: string, listener: () => void): () => void;
};

/**
 * The events of jobs, between the processes: workers write them, viewers hear of them. All viewers of a process share one
 * connection; a channel is listened to while somebody watches its job.
 */
export function createJobEvents(deps: {
  redis: RedisConnection;
  subscriber: RedisConnection;
  prefix: string;
  log: Log;
}): JobEvents {
  const { redis, subscriber, prefix } = deps;
  const listeners = new Map<string, Set<() => void>>();
  subscriber.on('message', (channel: string) => {
    for (const listener of listeners.get(channel) ?? []) listener();
  });

  function onChange(jobId: string, listener: () => void): () => void {
    const channel = jobChannel(prefix, jobId);
    const known = listeners.get(channel) ?? new Set();
    known.add(listener);
    listeners.set(channel, known);
    if (known.size === 1) subscriber.subscribe(channel).catch(() => undefined);
    return () => {
      known.delete(listener);
      if (known.size > 0 || listeners.get(channel) !== known) return;
      listeners.delete(channel);
      subscriber.unsubscribe(channel).catch(() => undefined);
    };
  }

  return {
    openWriter: (job) => createEventWriter(deps, job),
    announce: (jobId) => {
      redis.publish(jobChannel(prefix, jobId), 'changed').catch(() => undefined);
    },
    onChange,
  };
}
