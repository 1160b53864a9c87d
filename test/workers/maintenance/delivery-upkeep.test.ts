import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId } from '../../../src/shared/ids.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import type { Loop } from '../../../src/shared/platform/loop.ts';
import { insertRecovery } from '../../../src/shared/webhooks/sql/recoveries.ts';
import { startUpkeep } from '../../../src/workers/maintenance/delivery-upkeep.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type OwedDeliveries, openOwedDeliveries } from '../deliveries/owed-deliveries.ts';

let owed: OwedDeliveries;
let upkeep: Loop | null = null;
let recovered = 0;
beforeEach(async () => {
  owed = await openOwedDeliveries();
  recovered = 0;
});
afterEach(async () => {
  await upkeep?.stop();
  await owed.close();
});

function start(): void {
  upkeep = startUpkeep(
    { sql: owed.sql, signals: { subscribe: () => undefined }, log: createLog('silent', 'test') },
    () => {
      recovered += 1;
    },
  );
}

/** An endpoint that was disabled while it was owed more than a page of deliveries. */
async function disabledEndpoint(state: string): Promise<{ id: string }> {
  const endpoint = await owed.openEndpoint('http://a.example/');
  await owed.oweMany(endpoint, 'http://a.example/', 501, state);
  await owed.sql`update webhook_endpoints set state = 'disabled', disabled_reason = 'failing',
    disabled_at = now() where id = ${endpoint.id}`;
  return endpoint;
}

test('what is pending for a disabled endpoint is parked, page after page without a pause', async () => {
  const { id } = await disabledEndpoint('pending');
  start();
  await waitFor(
    'the deliveries to be parked',
    async () => (await owed.countStates(id))['held'] === 501,
    4000,
  );
  expect(recovered).toBe(0);
});

test('what is to be recovered becomes pending again, and the delivery loop is woken for it', async () => {
  const { id } = await disabledEndpoint('exhausted');
  await owed.sql`update webhook_endpoints set state = 'enabled', disabled_reason = null, disabled_at = null
    where id = ${id}`;
  await owed.sql.begin((tx) =>
    insertRecovery(tx, {
      id: newId('rec'),
      accountId: owed.accountId,
      endpointId: id,
      since: new Date(Date.now() - 86_400_000),
    }),
  );
  start();
  await waitFor(
    'the deliveries to be pending',
    async () => (await owed.countStates(id))['pending'] === 501,
    4000,
  );
  expect(recovered).toBeGreaterThan(0);
});
