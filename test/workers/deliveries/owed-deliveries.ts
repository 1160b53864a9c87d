import { randomBytes } from 'node:crypto';
import { newId } from '../../../src/shared/ids.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import { createMetrics, type Metrics } from '../../../src/shared/platform/metrics.ts';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { toSecretsKey } from '../../../src/shared/platform/seal.ts';
import { type DeliveryRow, findDelivery } from '../../../src/shared/webhooks/sql/deliveries.ts';
import { insertEndpoint } from '../../../src/shared/webhooks/sql/endpoints.ts';
import { newWebhookSecret, sealEndpointSecret } from '../../../src/shared/webhooks/webhook-secret.ts';
import {
  type Deliveries,
  type DeliveriesDeps,
  startDeliveries,
} from '../../../src/workers/deliveries/start-deliveries.ts';
import { createTestDatabase } from '../../support/database.ts';
import { waitFor } from '../../support/wait-for.ts';

export const secretsKey = toSecretsKey(Buffer.alloc(32, 'a key of the tests'));

/** Webhooks owed by one database, and workers that send them. */
export type OwedDeliveries = {
  sql: Database;
  accountId: string;
  owe(url: string, body?: string, eventId?: string): Promise<string>;
  /** A new endpoint of the account that listens to `job.succeeded`, and its secret. */
  openEndpoint(url: string): Promise<{ id: string; secret: string }>;
  /** Owes an event to whoever listens, as the transaction does that makes it true. Returns its id. */
  oweEvent(event?: { type?: string; ownUrl?: string; body?: string; eventId?: string }): Promise<string>;
  /** So many deliveries owed to one endpoint, due since an hour ago. */
  oweMany(endpoint: { id: string }, url: string, many: number, state?: string): Promise<void>;
  /** The deliveries of one endpoint, counted by state. */
  countStates(endpointId: string): Promise<Record<string, number>>;
  /** As a hint between processes would. */
  hint(topic: string): void;
  metrics: Metrics;
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
  const metrics = createMetrics();
  const started: Deliveries[] = [];
  const listeners: { topic: string; listener: (about: string) => void }[] = [];
  const hint = (wanted: string) => {
    for (const { topic, listener } of listeners) if (topic === wanted) listener('');
  };

  async function find(id: string): Promise<DeliveryRow> {
    const row = await findDelivery(sql, accountId, id);
    if (row === null) throw new Error('no such delivery');
    return row;
  }

  return {
    sql,
    accountId,
    find,
    metrics,
    owe: async (url, body = '{"id":"evt","data":{}}', eventId = newId('evt')) => {
      const id = newId('dlv');
      await sql`insert into deliveries (id, account_id, event_id, event_type, url, body)
        values (${id}, ${accountId}, ${eventId}, 'job.succeeded', ${url}, ${body})`;
      for (const one of started) one.wake();
      return id;
    },
    openEndpoint: async (url) => {
      const id = newId('whe');
      const secret = newWebhookSecret();
      await sql.begin((tx) =>
        insertEndpoint(
          tx,
          {
            id,
            accountId,
            name: 'test',
            url,
            eventTypes: ['job.succeeded'],
            secret: sealEndpointSecret(secretsKey, id, secret),
            secretHint: '',
          },
          100,
        ),
      );
      return { id, secret };
    },
    oweEvent: async (event = {}) => {
      const { type = 'job.succeeded', ownUrl = null, body = '{"data":{}}', eventId = newId('evt') } = event;
      await sql`select owe_deliveries(array[
        row(${accountId}, ${eventId}, ${type}, 'job_1', ${body}, ${ownUrl}::text)::owed_event
      ])`;
      hint('deliveries');
      return eventId;
    },
    oweMany: async ({ id }, url, many, state = 'pending') => {
      await sql`
        insert into deliveries (id, account_id, event_id, event_type, endpoint_id, url, body, state,
          next_attempt_at, created_at)
        select ${newId('dlv')} || n, ${accountId}, 'evt_' || n, 'job.succeeded', ${id}, ${url}, '{}',
          ${state},
          case when ${state} = 'pending' then now() - interval '1 hour' end, now() - interval '1 hour'
        from generate_series(1, ${many}::integer) n`;
      hint('deliveries');
    },
    countStates: async (endpointId) => {
      const rows = await sql<{ state: string; n: number }[]>`
        select state, count(*)::integer as n from deliveries where endpoint_id = ${endpointId}
          group by state`;
      return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
    },
    hint,
    start: ({ allowPrivate = true, retrySeconds = [0.05, 0.05], overrides = {} } = {}) => {
      const deliveries = startDeliveries({
        sql,
        signals: { subscribe: (topic, listener) => listeners.push({ topic, listener }) },
        log: createLog('silent', 'test'),
        metrics,
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
