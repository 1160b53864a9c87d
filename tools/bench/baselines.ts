import type { Gateway } from './gateway.ts';
import { type Part, startPart } from './part.ts';

export type BaselineName = 'floor' | 'classic' | 'bare-queue';

/**
 * What the baselines keep their orders in, beside the gateway's own tables; the balances are opened for
 * `accounts`.
 */
const tables = `
  create table if not exists floor_jobs (id text primary key, account text not null, body text not null);
  create table if not exists classic_balances (
    account text primary key, available bigint not null check (available >= 0), held bigint not null
  );
  create table if not exists classic_jobs (
    id text primary key, account text not null, body text not null, hold bigint not null
  );
  create table if not exists classic_entries (
    id bigint generated always as identity primary key, account text not null, amount bigint not null,
    job text not null
  );`;

/** Starts the server of one baseline on the database and the Redis of a gateway. */
export async function startBaseline(gateway: Gateway, name: BaselineName, accounts: string[]): Promise<Part> {
  await gateway.sql.query(tables);
  await gateway.sql.query(
    `insert into classic_balances select a, 1e15::bigint, 0 from unnest($1::text[]) a on conflict do nothing`,
    [accounts],
  );
  return await startPart(gateway.ground.workshop, name, {
    script: 'dist-tools/tools/bench/processes/baseline-server.js',
    args: [name],
    env: {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: gateway.ownerUrl,
      REDIS_URL: gateway.ground.redisUrl,
    },
  });
}
