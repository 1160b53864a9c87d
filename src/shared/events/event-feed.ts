import type { LoggedEvent } from '../domain/event.ts';
import type { RedisConnection } from '../redis.ts';
import { channelOf, parseNews } from './event-log.ts';

/** What is told about one job: events just written, or none when its row in Postgres changed. */
type FeedListener = (news: LoggedEvent[]) => void;

type Subscription = {
  /** True once Redis says that the subscription is on; false when it could not be made. */
  ready: Promise<boolean>;
  end(): void;
};

export type EventFeed = { listen(jobId: string, listener: FeedListener): Subscription };

/**
 * The news of many jobs over one connection: subscribed while anybody of this process listens to the job. News may be
 * lost; whoever listens also looks now and then.
 */
export function createEventFeed({
  subscriber,
  prefix,
}: {
  subscriber: RedisConnection;
  prefix: string;
}): EventFeed {
  const channels = new Map<string, { ready: Promise<boolean>; listeners: Set<FeedListener> }>();

  subscriber.on('message', (channel: string, message: string) => {
    const listeners = channels.get(channel)?.listeners;
    if (listeners === undefined) return;
    const news = parseNews(message);
    for (const listener of listeners) listener(news);
  });

  function join(name: string) {
    const known = channels.get(name);
    if (known !== undefined) return known;
    const ready = subscriber.subscribe(name).then(
      () => true,
      () => false,
    );
    const channel = { ready, listeners: new Set<FeedListener>() };
    channels.set(name, channel);
    return channel;
  }

  return {
    listen: (jobId, listener) => {
      const name = channelOf(prefix, jobId);
      const channel = join(name);
      // One function may listen twice; each subscription ends by itself.
      const own: FeedListener = (news) => listener(news);
      channel.listeners.add(own);
      return {
        ready: channel.ready,
        end: () => {
          channel.listeners.delete(own);
          if (channel.listeners.size > 0 || channels.get(name) !== channel) return;
          channels.delete(name);
          subscriber.unsubscribe(name).catch(() => undefined);
        },
      };
    },
  };
}
