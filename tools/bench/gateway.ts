import pg from 'pg';
import type { LedgerCheck } from '../../src/shared/money/sql/ledger-check.ts';
import { migrate } from '../../src/shared/platform/postgres/migrate.ts';
import { inParallel } from '../chaos/in-parallel.ts';
import { callApi } from '../stack/admin.ts';
import { databaseUrl, type Ground } from './ground.ts';
import { type Part, startPart } from './part.ts';

/** A gateway of its own for one figure: a fresh database, keys of its own in Redis. */
export type Gateway = {
  ground: Ground;
  /** Of its database, and what its keys in Redis begin with. */
  name: string;
  ownerUrl: string;
  /** Of the owner, without limits of time: for filling and for looking. */
  sql: InstanceType<typeof pg.Client>;
  api: Part;
  /** One more API process, which counts by its own name. */
  startApi(name: string): Promise<Part>;
  startWorker(concurrency: number): Promise<Part>;
  /** Calls the API as the operator. */
  admin(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Opens accounts with plenty of money and gives a key of each. */
  openAccounts(ids: string[]): Promise<string[]>;
  /**
   * Sentences on what does not hold: fewer jobs stored than were accepted, counted by the part of the
   * account's id before its first hyphen, and a ledger that does not add up.
   */
  check(acceptedJobs: Record<string, number>): Promise<string[]>;
  close(): Promise<void>;
};

const adminKey = 'the-operator-key-of-the-benchmarks-0123456789';
/** Enough for every job of a bench, so that no account runs dry. */
const creditUsd = '100000';

export type GatewayOptions = {
  /** What its first process does; `api` unless it is given, and workers are the figure's business. */
  role?: 'api' | 'all';
  /** The ground's simulator unless it is given. */
  simulatorUrl?: string;
};

/** Makes a database and starts a process on it, configured as by default. */
export async function openGateway(
  ground: Ground,
  name: string,
  { role = 'api', simulatorUrl = ground.simulatorUrl }: GatewayOptions = {},
): Promise<Gateway> {
  const database = `bench_${name}`;
  const ownerUrl = databaseUrl(ground.ownerUrl, database);
  await createDatabase(ground.ownerUrl, database);
  await migrate(ownerUrl);
  const sql = new pg.Client({ connectionString: ownerUrl, application_name: 'bench' });
  sql.on('error', () => undefined);
  await sql.connect();
  await sql.query('create extension pg_stat_statements');
  const env = {
    PATH: process.env['PATH'] ?? '',
    ENVIRONMENT: 'development',
    PORT: '0',
    DATABASE_URL: databaseUrl(ground.appUrl, database),
    DATABASE_DIRECT_URL: ownerUrl,
    REDIS_URL: ground.redisUrl,
    REDIS_PREFIX: database,
    SIMULATOR_URL: simulatorUrl,
    ADMIN_API_KEY: adminKey,
    WEBHOOK_ALLOW_PRIVATE: 'on',
    SHUTDOWN_GRACE_SECONDS: '1',
    // One account brings what many would.
    QUEUE_DEPTH_LIMIT: '100000000',
    IDEMPOTENCY_KEYS_LIMIT: '100000000',
    EVENT_STREAMS_LIMIT: '1000000',
    WAITS_LIMIT: '1000000',
    BODIES_LIMIT: '1000',
    OPEN_BATCHES_LIMIT: '1000000',
  };
  const start = (role: 'api' | 'workers' | 'all', more: Record<string, string> = {}, part: string = role) =>
    startPart(ground.workshop, part, {
      script: 'dist/main.js',
      args: [role],
      env: { ...env, ...more },
    });
  const api = await start(role);
  const admin = async (method: string, path: string, body?: unknown) =>
    (await callApi({ url: api.url, key: adminKey }, method, path, { body })).body;
  return {
    ground,
    name: database,
    ownerUrl,
    sql,
    api,
    startApi: (part) => start('api', {}, part),
    startWorker: (concurrency) => start('workers', { WORKER_CONCURRENCY: String(concurrency) }),
    admin,
    openAccounts: (ids) => openAccounts(admin, ids),
    check: async (accepted) => [...(await findLost(sql, accepted)), ...(await findBroken(admin))],
    close: async () => {
      await sql.end();
      await api.stop();
    },
  };
}

async function createDatabase(ownerUrl: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query(`create database ${database}`);
  } finally {
    await client.end();
  }
}

async function openAccounts(admin: Gateway['admin'], ids: string[]): Promise<string[]> {
  const keys = new Map<string, string>();
  await inParallel(16, ids, async (id) => {
    await admin('POST', '/v1/admin/accounts', { id, name: id, credit_usd: creditUsd });
    const made = await admin('POST', `/v1/admin/accounts/${id}/keys`, { scopes: ['jobs'] });
    keys.set(id, (made as { key: string }).key);
  });
  return ids.map((id) => keys.get(id) ?? '');
}

async function findLost(sql: Gateway['sql'], accepted: Record<string, number>): Promise<string[]> {
  const { rows } = await sql.query<{ prefix: string; n: number }>(
    "select split_part(account_id, '-', 1) as prefix, count(*)::integer as n from jobs group by 1",
  );
  const stored = new Map(rows.map(({ prefix, n }) => [prefix, n]));
  return Object.entries(accepted)
    .filter(([prefix, n]) => (stored.get(prefix) ?? 0) < n)
    .map(([prefix, n]) => `${n} jobs were accepted for ${prefix}, ${stored.get(prefix) ?? 0} are stored`);
}

async function findBroken(admin: Gateway['admin']): Promise<string[]> {
  const { checks } = (await admin('GET', '/v1/admin/ledger/check')) as { checks: LedgerCheck[] };
  return checks
    .filter(({ ok }) => !ok)
    .map(({ name, rows }) => `the ledger check "${name}" fails on ${rows} rows`);
}
