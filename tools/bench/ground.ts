import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Child } from '../stack/child.ts';
import { startPostgres } from '../stack/embedded-postgres.ts';
import { startRedis } from '../stack/embedded-redis.ts';
import { startPart, type Workshop } from './part.ts';
import { type Usage, usageOfTree } from './process-usage.ts';

/**
 * What everything that is measured stands on: one Postgres that flushes, one Redis that persists, one instant
 * provider.
 */
export type Ground = {
  workshop: Workshop;
  /** Of a database nobody measures; `create database` goes there. */
  ownerUrl: string;
  appUrl: string;
  redisUrl: string;
  redis: Redis;
  simulatorUrl: string;
  usage: { postgres(): Usage; redis(): Usage };
  /**
   * Empties Redis and gives its memory back: what one figure left there is none of the next one's business.
   */
  emptyRedis(): Promise<void>;
  /** Lets go of connections; the processes are stopped by whoever gave `onSpawn`. */
  close(): void;
};

/** Starts the ground under `workshop.dir`, durable as in production. */
export async function startGround(workshop: Workshop): Promise<Ground> {
  const pids = { postgres: 0, redis: 0 };
  const onSpawn = (role: keyof typeof pids) => (child: Child) => {
    pids[role] = child.pid;
    workshop.onSpawn(child);
  };
  const { ownerUrl, appUrl } = await startPostgres({
    dir: join(workshop.dir, 'postgres'),
    countsStatements: true,
    onSpawn: onSpawn('postgres'),
  });
  const { url: redisUrl } = await startRedis({
    dir: join(workshop.dir, 'redis'),
    cacheDir: '.cache',
    persistent: true,
    onSpawn: onSpawn('redis'),
  });
  const simulator = await startPart(workshop, 'simulator', {
    script: 'dist-tools/tools/simulator/main.js',
    env: { PATH: process.env['PATH'] ?? '', SIMULATOR_PORT: '0' },
  });
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  const usageOf = (role: keyof typeof pids) => () => usageOfTree(pids[role]);
  return {
    workshop,
    ownerUrl,
    appUrl,
    redisUrl,
    redis,
    simulatorUrl: simulator.url,
    usage: { postgres: usageOf('postgres'), redis: usageOf('redis') },
    emptyRedis: async () => {
      workshop.memory.set('Redis', Math.max(workshop.memory.get('Redis') ?? 0, usageOf('redis')().rssMb));
      await redis.flushall();
      await redis.memory('PURGE');
    },
    close: () => {
      workshop.memory.set('simulator', simulator.usage().rssMb);
      workshop.memory.set('Postgres', usageOf('postgres')().rssMb);
      redis.disconnect();
    },
  };
}

/** The same server, another database. */
export function databaseUrl(url: string, database: string): string {
  return url.replace(/\/gateway$/, `/${database}`);
}

/** Bytes that Redis holds, its own included. */
export async function redisMemoryBytes(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? 0);
}
