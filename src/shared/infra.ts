import type { Config } from './config.ts';
import { createJobEvents, type JobEvents } from './job-events.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { measureLedger } from './measured-ledger.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createNews, type News } from './news.ts';
import { openQueue, type TicketQueue } from './queue.ts';
import { openRedis, type RedisConnection } from './redis.ts';
import { type Database, openDatabase } from './sql/database.ts';
import type { Log } from './telemetry.ts';
import { within } from './within.ts';

/** What both sides stand on, opened once per process. */
export type Infra = {
  sql: Database;
  redis: RedisConnection;
  /** Used for subscriptions only. */
  subscriber: RedisConnection;
  queues: ReadonlyMap<string, TicketQueue>;
  ledger: Ledger;
  metrics: Metrics;
  news: News;
  events: JobEvents;
  close(): Promise<void>;
};

/** Opens connections for a role; none of them has to work yet. `providers` are those that get a queue. */
export function openInfra(config: Config, log: Log, role: string, providers: string[]): Infra {
  const metrics = createMetrics();
  const sql = openDatabase({
    url: config.database.url,
    poolMax: config.database.poolMax,
    prepare: config.database.prepare,
    applicationName: `gateway-${role}`,
  });
  const onError = (error: Error) => log.debug({ error }, 'redis error');
  const { prefix } = config.redis;
  const redis = openRedis(config.redis, 'commands', onError);
  const subscriber = openRedis(config.redis, 'blocking', onError);
  // The queues wait for Redis instead of failing: BullMQ never recovers from a first command that failed.
  const queueRedis = openRedis(config.redis, 'blocking', onError);
  const queues = new Map(
    providers.map((provider) => {
      const queue = openQueue(queueRedis, prefix, provider);
      queue.on('error', onError);
      return [provider, queue];
    }),
  );
  const news = createNews(redis, subscriber, prefix);
  const events = createJobEvents({ redis, subscriber, prefix, log });
  return {
    sql,
    redis,
    subscriber,
    queues,
    metrics,
    ledger: measureLedger(createLedger(sql, config.limits), metrics),
    news,
    events,
    close: async () => {
      await Promise.all([
        within(1000, news.sent()),
        ...[...queues.values()].map((queue) => within(1000, queue.close())),
      ]);
      queueRedis.disconnect();
      subscriber.disconnect();
      redis.disconnect();
      await sql.end();
    },
  };
}
