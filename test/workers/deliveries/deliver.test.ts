import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import { noProxy } from '../../../src/shared/platform/outgoing/proxy-for.ts';
import { createConnections } from '../../../src/shared/webhooks/connections.ts';
import { postLimits } from '../../../src/shared/webhooks/post-webhook.ts';
import { createResolver } from '../../../src/shared/webhooks/resolve-host.ts';
import type { DeliveryRecord } from '../../../src/shared/webhooks/sql/claim-deliveries.ts';
import { createClaimDue } from '../../../src/workers/deliveries/claim-due.ts';
import { type DeliverDeps, deliver } from '../../../src/workers/deliveries/deliver.ts';
import { type OwedDeliveries, openOwedDeliveries, secretsKey } from './owed-deliveries.ts';
import { openReceiver, type Receiver } from './receiver.ts';

let owed: OwedDeliveries;
let receiver: Receiver;
beforeEach(async () => {
  owed = await openOwedDeliveries();
  receiver = await openReceiver();
});
afterEach(async () => {
  await owed.close();
  await receiver.close();
});

/** Owes a delivery to the receiver, claims it and delivers it; gives what was recorded. */
async function deliverOne(change: Partial<DeliverDeps> = {}) {
  const id = await owed.owe(receiver.url);
  const claimDue = createClaimDue(owed.sql, { leaseSeconds: 30, perReceiver: 8 });
  const { token, claimed } = await claimDue(1, new Map());
  const records: DeliveryRecord[] = [];
  const retriesMs: number[] = [];
  const connections = createConnections({
    policy: { allowPrivate: true },
    resolve: createResolver(true),
    proxy: noProxy,
  });
  const deps: DeliverDeps = {
    sql: owed.sql,
    log: createLog('silent', 'test'),
    run: {
      sql: owed.sql,
      secretsKey,
      connections,
      retrySeconds: [7],
      limits: postLimits,
      now: Date.now,
      random: () => 0.5,
    },
    record: async (record) => records.push(record) > 0,
    closing: new AbortController().signal,
    isStopping: () => false,
    onRetry: (delayMs) => retriesMs.push(delayMs),
    ...change,
  };
  const [delivery] = claimed;
  if (delivery === undefined) throw new Error('nothing was claimed');
  await deliver(deps, delivery, token);
  await connections.close();
  return { id, token, records, retriesMs };
}

test('what was answered is recorded under the token of the claim', async () => {
  const { id, token, records, retriesMs } = await deliverOne();
  expect(receiver.received).toHaveLength(1);
  expect(records).toMatchObject([
    { id, token, attempt: 1, result: { statusCode: 204 }, decision: { kind: 'delivered' } },
  ]);
  expect(retriesMs).toEqual([]);
});

test('a failure is recorded, and asks to be tried again after its wait', async () => {
  receiver.answer((response) => response.writeHead(500).end());
  const { records, retriesMs } = await deliverOne();
  expect(records).toMatchObject([{ decision: { kind: 'again', delayMs: 7000 } }]);
  expect(retriesMs).toEqual([7000]);
});

test('one that cannot be recorded keeps its lease, so that it is tried again when that ends', async () => {
  const { id } = await deliverOne({ record: () => Promise.reject(new Error('a bug')) });
  const [row] = await owed.sql`
    select state, tries::integer, lease_until > now() as leased from deliveries where id = ${id}`;
  expect(row).toEqual({ state: 'pending', tries: 1, leased: true });
});

test('one that is broken off because the process closes is released, and its try does not count', async () => {
  const closing = new AbortController();
  receiver.answer(() => closing.abort(new Error('closing')));
  const { id, records } = await deliverOne({ closing: closing.signal });
  expect(records).toEqual([]);
  const [row] = await owed.sql`
    select state, tries::integer, lease_token, next_attempt_at <= now() as due from deliveries
      where id = ${id}`;
  expect(row).toEqual({ state: 'pending', tries: 0, lease_token: null, due: true });
});
