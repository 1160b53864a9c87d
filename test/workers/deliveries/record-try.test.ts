import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import { endpointThresholds } from '../../../src/shared/webhooks/rules/delivery.ts';
import { createClaimDue } from '../../../src/workers/deliveries/claim-due.ts';
import { createRecordTry } from '../../../src/workers/deliveries/record-try.ts';
import { aPostResult } from './a-delivery.ts';
import { type OwedDeliveries, openOwedDeliveries } from './owed-deliveries.ts';

let owed: OwedDeliveries;
beforeEach(async () => {
  owed = await openOwedDeliveries();
});
afterEach(() => owed.close());

/** Claims what is due, and records for each that it was answered with this. */
async function record(statusCode: number, token?: string): Promise<boolean[]> {
  const claimDue = createClaimDue(owed.sql, { leaseSeconds: 30, perReceiver: 8 });
  const due = await claimDue(10, new Map());
  const recordTry = createRecordTry(
    { sql: owed.sql, log: createLog('silent', 'test'), metrics: owed.metrics },
    endpointThresholds([5]),
  );
  const isDelivered = statusCode < 300;
  return await Promise.all(
    due.claimed.map(({ id, attempt, isProbe }) =>
      recordTry({
        id,
        attempt,
        isProbe,
        token: token ?? due.token,
        result: aPostResult({ statusCode, outcome: isDelivered ? 'delivered' : 'failed' }),
        decision: { kind: isDelivered ? 'delivered' : 'exhausted' },
      }),
    ),
  );
}

test('tries of one moment are recorded together, each for its own delivery', async () => {
  const ids = [await owed.owe('http://a.example/'), await owed.owe('http://b.example/')];
  expect(await record(200)).toEqual([true, true]);
  for (const id of ids) expect((await owed.find(id)).state).toBe('delivered');
});

test('a try of a lease that was lost changes nothing', async () => {
  const id = await owed.owe('http://a.example/');
  expect(await record(200, 'another')).toEqual([false]);
  expect((await owed.find(id)).state).toBe('pending');
});

test('an endpoint that answers 410 is disabled, and counted', async () => {
  const endpoint = await owed.openEndpoint('http://a.example/');
  await owed.oweMany(endpoint, 'http://a.example/', 1);
  expect(await record(410)).toEqual([true]);
  expect((await owed.metrics.endpointsDisabled.get()).values).toMatchObject([
    { labels: { reason: 'gone' }, value: 1 },
  ]);
});
