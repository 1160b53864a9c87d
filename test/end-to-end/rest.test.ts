import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Gateway, jobBody, startGateway, whenEnded } from '../support/gateway.ts';

let gateway: Gateway;
afterEach(() => gateway.close());

/** By now nothing follows any more from what was done last. */
const settledMs = 12_000;
const countedMs = 15_000;

/** Transactions of the whole gateway, our own question included; those of a busy moment may be late. */
async function countTransactions(): Promise<number> {
  const [row] = await gateway.sql<{ n: number }[]>`
    select (xact_commit + xact_rollback)::integer as n from pg_stat_database
    where datname = current_database()`;
  return row?.n ?? Number.NaN;
}

test.each([
  { what: 'one process with every role', roles: ['all'] as const, perSecondMax: 3 },
  {
    what: 'an API and four workers',
    roles: ['api', 'workers', 'workers', 'workers', 'workers'] as const,
    perSecondMax: 8,
  },
])(
  '$what: what has nothing to do hardly asks the database, and still runs a job at once',
  async ({ roles, perSecondMax }) => {
    gateway = await startGateway({ roles: [...roles] });
    const client = await gateway.openAccount('sleeper', '1');
    const run = async (text: string) => {
      const { json } = await client.call('POST /v1/jobs', jobBody(text));
      return await whenEnded(client, json.id);
    };
    expect((await run('before')).status).toBe('succeeded');
    await sleep(settledMs);
    const before = await countTransactions();
    await sleep(countedMs);
    const counted = (await countTransactions()) - before;
    expect(counted).toBeGreaterThan(0);
    expect(counted / (countedMs / 1000)).toBeLessThanOrEqual(perSecondMax);
    expect((await run('after')).status).toBe('succeeded');
  },
  90_000,
);
