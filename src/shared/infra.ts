import { createJobEvents, type JobEvents } from './events/job-events.ts';
import { createLedger, type Ledger } from './jobs/ledger.ts';
import { measureLedger } from './jobs/measured-ledger.ts';
import type { Config } from './platform/config/config.ts';
import type { Log } from './platform/log.ts';
import { createMetrics, type Metrics } from './platform/metrics.ts';
import { createOutageLog, type OutageLog } from './platform/outage-log.ts';
import { type Database, openDatabase } from './platform/postgres/database.ts';
import { openReportedRedis, type RedisConnection } from './platform/redis/redis.ts';
import { createSignals, type Signals } from './platform/redis/signals.ts';
import { openSubscriber } from './platform/redis/subscriber.ts';
import { waitAtMost } from './platform/wait-at-most.ts';
import { openQueue, type TicketQueue } from './queue/queue.ts';

/** What both sides stand on, opened once per process. */
export type Infra = {
  sql: Database;
  redis: RedisConnection;
  /** Where every connection to Redis of this process says that it fails. */
  redisOutages: OutageLog;
  queues: ReadonlyMap<string, TicketQueue>;
  ledger: Ledger;
  metrics: Metrics;
  signals: Signals;
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
    outages: createOutageLog(log, 'postgres'),
  });
  const redisOutages = createOutageLog(log, 'redis');
  const { prefix } = config.redis;
  const redis = openReportedRedis(config.redis, 'commands', 'commands', redisOutages);
  const connection = openReportedRedis(config.redis, 'blocking', 'subscriber', redisOutages);
  const subscriber = openSubscriber({ redis, connection, prefix });
  // The queues wait for Redis instead of failing: BullMQ never recovers from a first command that failed.
  const queueRedis = openReportedRedis(config.redis, 'blocking', 'queues', redisOutages);
  const queues = new Map(
    providers.map((provider) => {
      const queue = openQueue(queueRedis, prefix, provider);
      // Told by the connection itself.
      queue.on('error', () => undefined);
      return [provider, queue];
    }),
  );
  const signals = createSignals(redis, subscriber, prefix);
  const events = createJobEvents({ redis, subscriber, prefix, log });
  return {
    sql,
    redis,
    redisOutages,
    queues,
    metrics,
    ledger: measureLedger(createLedger(sql, config.limits), metrics),
    signals,
    events,
    close: async () => {
      await Promise.all([
        waitAtMost(1000, signals.sent()),
        ...[...queues.values()].map((queue) => waitAtMost(1000, queue.close())),
      ]);
      queueRedis.disconnect();
      subscriber.close();
      redis.disconnect();
      await sql.end();
    },
  };
}
