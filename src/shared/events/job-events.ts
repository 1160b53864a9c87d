import type { Log } from '../platform/log.ts';
import type { RedisConnection } from '../platform/redis/redis.ts';
import type { Subscriber } from '../platform/redis/subscriber.ts';
import { createAttended } from './attended.ts';
import { createEventFeed, type EventFeed } from './event-feed.ts';
import { type ClosedLog, channelOf, createEventLog, type EventLog, toSignal } from './event-log.ts';
import type { WriterOptions } from './event-sender.ts';
import { type JobEventWriter, openEventWriter } from './event-writer.ts';
import { createPublisher } from './publisher.ts';

/**
 * The signals of jobs: what workers write while a job runs, and the hint that a job's row changed. All of it
 * may be lost with Redis and nobody fails; `createJobWatcher` puts it together with what Postgres knows.
 */
export type JobEvents = {
  /** For the one worker that holds this attempt. */
  openWriter(options: WriterOptions): JobEventWriter;
  /** Tells whoever watches that the row of the job changed. Never fails, never waits. */
  announce(jobId: string): void;
  announceMany(jobIds: string[]): void;
  /**
   * Calls `listener` when the job's row may have changed, until the returned function is called. Hints may be
   * lost.
   */
  onChange(jobId: string, listener: () => void): () => void;
  /**
   * For whoever ends or takes back a job that streams and whose worker is lost: keeps this attempt's writer
   * out from now on, and returns what was written; null when Redis is away. The final event's id must be
   * greater than the last one.
   */
  closeLog(jobId: string, attempt: number): Promise<ClosedLog | null>;
  log: Pick<EventLog, 'read' | 'lastId' | 'attend' | 'erase'>;
  feed: EventFeed;
};

/** `subscriber` may be shared with others. */
export function createJobEvents(deps: {
  redis: RedisConnection;
  subscriber: Subscriber;
  prefix: string;
  log: Log;
}): JobEvents {
  const { redis, prefix, subscriber } = deps;
  const attended = createAttended(subscriber, prefix);
  const events = createEventLog({ redis, prefix, writersChannel: attended.channel });
  const feed = createEventFeed(deps);
  const publish = createPublisher(redis);
  const announce = (jobId: string) => publish(channelOf(prefix, jobId), '');

  return {
    openWriter: (options) =>
      openEventWriter(
        {
          events,
          log: deps.log,
          publish: (jobId, some) => publish(channelOf(prefix, jobId), toSignal(some)),
          onAttended: attended.on,
        },
        options,
      ),
    announce,
    announceMany: (jobIds) => jobIds.forEach(announce),
    onChange: (jobId, listener) => {
      const subscription = feed.listen(jobId, (signals) => {
        if (signals.length === 0) listener();
      });
      // A change between the caller's last look and the moment the subscription is on would be missed.
      void subscription.ready.then((on) => on && listener());
      return () => subscription.end();
    },
    closeLog: events.close,
    log: events,
    feed,
  };
}
