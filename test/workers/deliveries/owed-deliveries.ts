import { randomBytes } from 'node:crypto';
import { newId } from '../../../src/shared/domain/ids.ts';
import { type Database, openDatabase } from '../../../src/shared/sql/database.ts';
import { type DeliveryRow, findDelivery } from '../../../src/shared/sql/deliveries.ts';
import { createLog } from '../../../src/shared/telemetry.ts';
import {
  type Deliveries,
  type DeliveriesDeps,
  startDeliveries,
} from '../../../src/workers/deliveries/start-deliveries.ts';
import { createTestDatabase } from '../../support/database.ts';
import { waitFor } from '../../support/wait-for.ts';

export const secretsKey = Buffer.alloc(32, 'a key of the tests');

/** Webhooks owed by one database, and workers that send them. */
export type OwedDeliveries = {
  sql: Database;
  accountId: string;
  owe(url: string, body?: string, eventId?: string): Promise<string>;
  start(change?: Change): Deliveries;
  find(id: string): Promise<DeliveryRow>;
  waitForState(id: string, state: DeliveryRow['state'], timeoutMs?: number): Promise<DeliveryRow>;
  close(): Promise<void>;
};

type Change = {
  allowPrivate?: boolean;
  retrySeconds?: number[];
  overrides?: NonNullable<DeliveriesDeps['overrides']>;
};

export async function openOwedDeliveries(): Promise<OwedDeliveries> {
  const database = await createTestDatabase();
  const sql = openDatabase({ url: database.appUrl, poolMax: 5, prepare: true, applicationName: 'test' });
  const accountId = `acct_${randomBytes(4).toString('hex')}`;
  await sql`insert into accounts (id, name) values (${accountId}, 'test')`;
  const started: Deliveries[] = [];

  async function find(id: string): Promise<DeliveryRow> {
    const row = await findDelivery(sql, accountId, id);
    if (row === null) throw new Error('no such delivery');
    return row;
  }

  return {
    sql,
    accountId,
    find,
    owe: async (url, body = '{"id":"evt","data":{}}', eventId = newId('evt')) => {
      const id = newId('dlv');
      await sql`insert into deliveries (id, account_id, event_id, event_type, url, body)
        values (${id}, ${accountId}, ${eventId}, 'job.succeeded', ${url}, ${body})`;
      for (const one of started) one.wake();
      return id;
    },
    start: ({ allowPrivate = true, retrySeconds = [0.05, 0.05], overrides = {} } = {}) => {
      const deliveries = startDeliveries({
        sql,
        news: { listen: () => undefined },
        log: createLog('silent', 'test'),
        config: { secretsKey, webhooks: { allowPrivate, retrySeconds }, work: { leaseSeconds: 30 } },
        overrides,
      });
      started.push(deliveries);
      return deliveries;
    },
    waitForState: (id, state, timeoutMs) =>
      waitFor(
        `delivery to be ${state}`,
        async () => {
          const row = await find(id);
          return row.state === state && row;
        },
        timeoutMs,
      ),
    close: async () => {
      await Promise.all(started.map((one) => one.stop()));
      await sql.end();
      await database.drop();
    },
  };
}
