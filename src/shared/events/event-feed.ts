import type { Subscriber } from '../platform/redis/subscriber.ts';
import { channelOf, parseSignal } from './event-log.ts';
import type { LoggedEvent } from './rules/event.ts';

/** What readers of one job get: events just written, or none when its row in Postgres changed. */
type FeedListener = (signals: LoggedEvent[]) => void;

export type Subscription = {
  /** True once Redis says that the subscription is on; false when it could not be made yet. */
  ready: Promise<boolean>;
  end(): void;
};

export type EventFeed = { listen(jobId: string, listener: FeedListener): Subscription };

/**
 * The signals of many jobs over one connection: subscribed while anybody of this process listens to the job.
 * Signals may be lost; whoever listens also looks now and then.
 */
export function createEventFeed({
  subscriber,
  prefix,
}: {
  subscriber: Subscriber;
  prefix: string;
}): EventFeed {
  const channels = new Map<string, Channel>();

  subscriber.onMessage((name, message) => {
    const listening = channels.get(name)?.listening;
    if (listening === undefined) return;
    const signals = parseSignal(message);
    for (const { listener } of listening) listener(signals);
  });

  function join(name: string): Channel {
    const known = channels.get(name);
    if (known !== undefined) return known;
    const ready = subscriber.subscribe(name);
    const channel: Channel = { name, ready, listening: new Set(), leave };
    channels.set(name, channel);
    return channel;
  }

  function leave(channel: Channel): void {
    if (channels.get(channel.name) !== channel) return;
    channels.delete(channel.name);
    subscriber.unsubscribe(channel.name);
  }

  return { listen: (jobId, listener) => new Listening(join(channelOf(prefix, jobId)), listener) };
}

type Channel = {
  name: string;
  ready: Promise<boolean>;
  listening: Set<Listening>;
  leave(channel: Channel): void;
};

/** One listener of a channel; one function may listen twice, and each time ends by itself. */
class Listening implements Subscription {
  readonly listener: FeedListener;
  readonly #channel: Channel;

  constructor(channel: Channel, listener: FeedListener) {
    this.listener = listener;
    this.#channel = channel;
    channel.listening.add(this);
  }

  get ready(): Promise<boolean> {
    return this.#channel.ready;
  }

  end(): void {
    const { listening, leave } = this.#channel;
    listening.delete(this);
    if (listening.size === 0) leave(this.#channel);
  }
}
