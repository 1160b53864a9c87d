import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { type Database, openDatabase } from '../../src/shared/platform/postgres/database.ts';
import { migrate } from '../../src/shared/platform/postgres/migrate.ts';
import { startSimulator } from '../simulator/server.ts';
import { callApi } from '../stack/admin.ts';
import type { Child } from '../stack/child.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { leaseSeconds } from './lease-seconds.ts';
import type { Role } from './member.ts';
import { type Members, startMembers } from './members.ts';
import type { Outages } from './outages.ts';
import {
  type ChaosPostgres,
  type RestartableServer,
  startChaosPostgres,
  startChaosRedis,
} from './servers.ts';
import type { FaultTally } from './tally.ts';
import { watchRoles } from './watch-roles.ts';

/** Every link between two processes of the cluster, each through a proxy of its own. */
export type Links = Record<
  'apiToPostgres' | 'workersToPostgres' | 'apiToRedis' | 'workersToRedis' | 'toProvider',
  FaultProxy
>;

/** A whole gateway in processes of its own, every part of which can be broken. */
export type Cluster = {
  postgres: ChaosPostgres;
  redis: RestartableServer & { control: Redis };
  prefix: string;
  links: Links;
  members: Members;
  /** The owner of the database, past every proxy. */
  sql: Database;
  simulatorUrl: string;
  adminKey: string;
  /** Starts the processes again, with these settings beside the usual ones and in place of earlier ones. */
  reconfigure(settings: Record<string, string>): Promise<void>;
  /** Ends every fault that lasts: links, pauses of Redis, triggers in Postgres. */
  heal(): Promise<void>;
  close(): Promise<void>;
};

export type ClusterOptions = {
  dir: string;
  cacheDir: string;
  persistentRedis: boolean;
  onSpawn(child: Child): void;
  tally: FaultTally;
  outages: Outages;
  nextFailpoint(role: Role): string;
};

export const workerConcurrency = 16;
/** Who submits the jobs of most scenes. */
export const chaosAccount = 'chaos';
const adminKey = 'the-operator-key-of-the-fault-matrix-0123456789';
const prefix = 'chaos';
/** A delivery must not run out of tries because its receiver was made to fail a quarter of the time. */
const webhookRetrySeconds = [0.2, 0.4, ...Array.from({ length: 30 }, () => 0.8)].join(',');

/** Starts two API and three worker processes over a Postgres and a Redis of their own. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const logDir = join(options.dir, 'logs');
  mkdirSync(logDir, { recursive: true });
  const folder = { dir: options.dir, onSpawn: options.onSpawn };
  const [postgres, redis] = await Promise.all([
    startChaosPostgres(folder),
    startChaosRedis({ ...folder, cacheDir: options.cacheDir, persistent: options.persistentRedis }),
  ]);
  await migrate(postgres.ownerUrl);
  const simulator = await startSimulator({ port: 0, latencyMs: 40, chunkDelayMs: 4 });
  const links = await startLinks(postgres.url, redis.url, simulator.url);
  const sql = openDatabase({ url: postgres.ownerUrl, poolMax: 4, prepare: false, applicationName: 'chaos' });
  let settings: Record<string, string> = {};
  const members = startMembers({
    counts: { api: 2, workers: 3 },
    envOf: (role) => ({
      ...environmentOf(role, links, { postgres, redis, simulator }),
      ...settings,
    }),
    logDir,
    nextFailpoint: options.nextFailpoint,
    onFailpoint: (name, action) => {
      const isLost = action === 'kill' || action === 'stop';
      options.tally.add(`failpoint ${name} ${action}`, isLost);
      options.outages.note(isLost ? 'tickets' : 'server');
    },
    pauseMs: (leaseSeconds + 2) * 1000,
  });
  await members.allUp();
  const stopWatching = watchRoles(members, options.outages);
  return {
    postgres,
    redis,
    prefix,
    links,
    members,
    sql,
    simulatorUrl: simulator.url,
    adminKey,
    reconfigure: async (next) => {
      settings = next;
      for (const member of members.all) member.kill('SIGTERM');
      await members.allUp();
    },
    heal: () => heal(links, redis.control, sql),
    close: async () => {
      stopWatching();
      await members.close();
      await Promise.all(Object.values(links).map((link) => link.close()));
      redis.control.disconnect();
      await sql.end();
      await simulator.close();
    },
  };
}

/** Every process reaches everything through the proxies of its side. */
function environmentOf(
  role: Role,
  links: Links,
  servers: { postgres: ChaosPostgres; redis: { url: string }; simulator: { url: string } },
): Record<string, string> {
  const [toPostgres, toRedis] =
    role === 'api'
      ? [links.apiToPostgres, links.apiToRedis]
      : [links.workersToPostgres, links.workersToRedis];
  return {
    PATH: process.env['PATH'] ?? '',
    ENVIRONMENT: 'development',
    PORT: '0',
    DATABASE_URL: throughProxy(servers.postgres.appUrl, toPostgres),
    DATABASE_DIRECT_URL: throughProxy(servers.postgres.ownerUrl, toPostgres),
    REDIS_URL: throughProxy(servers.redis.url, toRedis),
    REDIS_PREFIX: prefix,
    SIMULATOR_URL: throughProxy(servers.simulator.url, links.toProvider),
    ADMIN_API_KEY: adminKey,
    WORKER_CONCURRENCY: String(workerConcurrency),
    LEASE_SECONDS: String(leaseSeconds),
    SHUTDOWN_GRACE_SECONDS: '1',
    EXPRESS: 'on',
    WEBHOOK_ALLOW_PRIVATE: 'on',
    WEBHOOK_RETRY_SECONDS: webhookRetrySeconds,
    EVENT_STREAMS_LIMIT: '10000',
    LOG_LEVEL: 'warn',
  };
}

function throughProxy(url: string, proxy: FaultProxy): string {
  const target = new URL(url);
  target.port = String(proxy.port);
  return target.toString().replace(/\/$/, '');
}

async function startLinks(postgresUrl: string, redisUrl: string, simulatorUrl: string): Promise<Links> {
  const open = (url: string, protocol: 'tcp' | 'redis' | 'postgres') =>
    startFaultProxy({ target: { host: '127.0.0.1', port: Number(new URL(url).port) }, protocol });
  return {
    apiToPostgres: await open(postgresUrl, 'postgres'),
    workersToPostgres: await open(postgresUrl, 'postgres'),
    apiToRedis: await open(redisUrl, 'redis'),
    workersToRedis: await open(redisUrl, 'redis'),
    toProvider: await open(simulatorUrl, 'tcp'),
  };
}

async function heal(links: Links, redis: Redis, sql: Database): Promise<void> {
  for (const link of Object.values(links)) link.pass();
  await redis.config('SET', 'maxmemory', '0');
  await redis.replicaof('NO', 'ONE');
  await redis.client('UNPAUSE');
  await redis.call('ACL', 'SETUSER', 'default', '+publish');
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'chaos-lock'`;
  await sql`drop trigger if exists chaos_at_commit on jobs`;
}

/** Opens an account with money and returns a key of it. */
export async function openAccount(cluster: Cluster, id: string, usd: string): Promise<string> {
  const base = { url: cluster.members.urls()[0] ?? '', key: cluster.adminKey };
  await callApi(base, 'POST', '/v1/admin/accounts', { body: { id, name: id, credit_usd: usd } });
  const { body } = await callApi(base, 'POST', `/v1/admin/accounts/${id}/keys`, {
    body: { scopes: ['jobs'] },
  });
  return (body as { key: string }).key;
}
