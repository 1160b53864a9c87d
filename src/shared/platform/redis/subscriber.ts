import { randomUUID } from 'node:crypto';
import type { RedisConnection } from './redis.ts';

/** Subscriptions of this process over one connection that is used for nothing else. Messages may be lost. */
export type Subscriber = {
  onMessage(listener: (channel: string, message: string) => void): void;
  /**
   * True once Redis says that it is on; false when it could not be made now: it is tried again until it is.
   */
  subscribe(channel: string): Promise<boolean>;
  unsubscribe(channel: string): void;
  close(): void;
};

export type SubscriberLimits = {
  /** How often a message of our own is sent round, and what is not subscribed is tried again. */
  echoMs: number;
  /** The same, once nothing but that came for twice as long. */
  restMs: number;
  /** A connection on which a message of our own has not come back after so long is replaced. */
  silenceMs: number;
};

const subscriberLimits: SubscriberLimits = { echoMs: 1000, restMs: 5000, silenceMs: 2500 };

/**
 * A subscribed connection is only listened to, so one whose packets are swallowed looks like one with nothing
 * to say. So a message of our own goes round through `redis` every second, at rest every five: it proves that
 * what is published arrives, on one Redis and on a cluster, whose subscriber is a connection that cannot be
 * asked. Every subscription is made again after a replacement.
 */
export function openSubscriber(
  deps: { redis: RedisConnection; connection: RedisConnection; prefix: string },
  limits: SubscriberLimits = subscriberLimits,
): Subscriber {
  const { redis, connection } = deps;
  const echo = `${deps.prefix}:echo:${randomUUID()}`;
  /** Channels that are wanted, and whether Redis has said that they are on. */
  const wanted = new Map<string, boolean>();
  /** When the first message of our own was sent that has not come back; null when all have. */
  let unheardSince: number | null = null;
  let sentAt = Number.NEGATIVE_INFINITY;
  /** When a message came that was not our own. */
  let heardAt = performance.now();

  async function subscribe(channel: string): Promise<boolean> {
    if (!wanted.has(channel)) wanted.set(channel, false);
    try {
      await connection.subscribe(channel);
    } catch {
      return false;
    }
    const isWanted = wanted.has(channel);
    if (isWanted) wanted.set(channel, true);
    return isWanted;
  }

  function subscribeMissing(): void {
    const missing = [...wanted].flatMap(([channel, isOn]) => (isOn ? [] : [channel]));
    if (missing.length === 0) return;
    connection.subscribe(...missing).then(
      () => {
        for (const channel of missing) if (wanted.has(channel)) wanted.set(channel, true);
      },
      () => undefined,
    );
  }

  function onReady(): void {
    unheardSince = null;
    for (const channel of wanted.keys()) wanted.set(channel, false);
    subscribeMissing();
  }

  function look(): void {
    // While it connects, the connection's own limits hold.
    if (connection.status !== 'ready') return;
    subscribeMissing();
    const now = performance.now();
    const everyMs = now - heardAt < 2 * limits.restMs ? limits.echoMs : limits.restMs;
    if (unheardSince !== null || now - sentAt > everyMs - limits.echoMs / 2) {
      sentAt = now;
      unheardSince ??= now;
      redis.publish(echo, '').catch(() => undefined);
    }
    if (now - (unheardSince ?? now) < limits.silenceMs) return;
    unheardSince = null;
    connection.disconnect(true);
  }

  connection.on('ready', onReady);
  connection.on('message', (channel: string) => {
    if (channel === echo) unheardSince = null;
    else heardAt = performance.now();
  });
  void subscribe(echo);
  const timer = setInterval(look, limits.echoMs);
  timer.unref();

  return {
    onMessage: (listener) => {
      connection.on('message', listener);
    },
    subscribe,
    unsubscribe: (channel) => {
      wanted.delete(channel);
      connection.unsubscribe(channel).catch(() => undefined);
    },
    close: () => {
      clearInterval(timer);
      connection.off('ready', onReady);
      connection.disconnect();
    },
  };
}
