import type { Gateway } from './gateway.ts';
import type { Part } from './part.ts';
import type { Row } from './row.ts';

/** What one call or job took of each process and server. */
export type Cost = {
  gatewayMs: number;
  postgresMs: number;
  redisMs: number;
  /** Transactions that wrote, so that each had to be flushed. */
  commits: number;
  /** As clients sent them: what a function does inside counts as one. */
  statements: number;
  /** As clients sent them, and those that scripts call besides. */
  redisCommands: number;
  redisScripts: number;
  walBytes: number;
};

/** Does some work and gives its result with what it took, divided by how many calls it says it made. */
export async function countCost<Result>(
  { ground, sql }: Gateway,
  parts: Part[],
  work: () => Promise<{ result: Result; calls: number }>,
): Promise<{ result: Result; cost: Cost }> {
  const read = async (): Promise<Cost> => ({
    gatewayMs: parts.reduce((sum, part) => sum + part.usage().cpuMs, 0),
    postgresMs: ground.usage.postgres().cpuMs,
    redisMs: ground.usage.redis().cpuMs,
    ...(await readPostgres(sql)),
    ...(await readRedis(ground.redis)),
  });
  const before = await read();
  const { result, calls } = await work();
  const after = await read();
  const fields = Object.keys(before) as (keyof Cost)[];
  const each = fields.map((field) => [field, (after[field] - before[field]) / calls]);
  return { result, cost: Object.fromEntries(each) as Cost };
}

/**
 * Transactions are counted by the ids that Postgres gave to those that wrote: its own count
 * (`pg_stat_database`) comes up to ten seconds late from a session that has nothing to do.
 */
async function readPostgres(sql: Gateway['sql']) {
  const { rows } = await sql.query<Pick<Cost, 'commits' | 'statements' | 'walBytes'>>(`
    select pg_snapshot_xmax(pg_current_snapshot())::text::double precision as commits,
      (select coalesce(sum(calls), 0)::double precision from pg_stat_statements
        where dbid = (select oid from pg_database where datname = current_database())) as statements,
      pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::double precision as "walBytes"`);
  return rows[0] ?? { commits: Number.NaN, statements: Number.NaN, walBytes: Number.NaN };
}

/** https://redis.io/docs/latest/commands/info/, section `commandstats`. */
export async function readRedis(redis: Gateway['ground']['redis']) {
  const stats = await redis.info('commandstats');
  const calls = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = '', count]) => ({
    name,
    count: Number(count),
  }));
  const sum = (some: typeof calls) => some.reduce((total, { count }) => total + count, 0);
  return {
    redisCommands: sum(calls),
    redisScripts: sum(calls.filter(({ name }) => /^(eval|evalsha|fcall)(_ro)?$/.test(name))),
  };
}

const shown = [
  { field: 'gatewayMs', name: 'CPU of the gateway', unit: 'ms' },
  { field: 'postgresMs', name: 'CPU of Postgres', unit: 'ms' },
  { field: 'redisMs', name: 'CPU of Redis', unit: 'ms' },
  { field: 'commits', name: 'commits', unit: '' },
  { field: 'statements', name: 'statements', unit: '' },
  { field: 'redisScripts', name: 'scripts in Redis', unit: '' },
  { field: 'redisCommands', name: 'commands in Redis, of scripts too', unit: '' },
  { field: 'walBytes', name: 'WAL', unit: 'bytes' },
] as const;

/** The rows of what one call or job took, beside what it took a baseline that has no Redis. */
export function costRows(
  figure: string,
  each: 'call' | 'job',
  costs: Cost[],
  beside: { name: string; costs: Cost[] } | null = null,
): Row[] {
  return shown.map(({ field, name, unit }) => ({
    figure,
    name,
    unit: `${unit} a ${each}`.trimStart(),
    values: costs.map((cost) => cost[field]),
    baseline:
      beside === null || field.startsWith('redis')
        ? null
        : { name: beside.name, values: beside.costs.map((cost) => cost[field]) },
  }));
}
