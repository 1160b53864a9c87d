import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noProxy } from '../../../src/shared/platform/outgoing/proxy-for.ts';
import { toSecretsKey } from '../../../src/shared/platform/seal.ts';
import { type Connections, createConnections } from '../../../src/shared/webhooks/connections.ts';
import { postLimits } from '../../../src/shared/webhooks/post-webhook.ts';
import { createResolver } from '../../../src/shared/webhooks/resolve-host.ts';
import {
  newWebhookSecret,
  sealEndpointSecret,
  sealWebhookSecret,
} from '../../../src/shared/webhooks/webhook-secret.ts';
import { type RunDeliveryDeps, runDelivery } from '../../../src/workers/deliveries/run-delivery.ts';
import { aDelivery } from './a-delivery.ts';
import { openReceiver, type Receiver } from './receiver.ts';

const secretsKey = toSecretsKey(Buffer.alloc(32, 'a key of the tests'));
/** No secret has to be asked for here: each delivery brings its own. */
const sql = (() => Promise.reject(new Error('asked'))) as unknown as RunDeliveryDeps['sql'];

let receiver: Receiver;
let connections: Connections;
beforeEach(async () => {
  receiver = await openReceiver();
  const policy = { allowPrivate: true };
  connections = createConnections({ policy, resolve: createResolver(true), proxy: noProxy });
});
afterEach(async () => {
  await connections.close();
  await receiver.close();
});

const run = (change: Parameters<typeof aDelivery>[0], signal = new AbortController().signal) =>
  runDelivery(
    { sql, secretsKey, connections, retrySeconds: [7], limits: postLimits, now: Date.now, random: () => 0.5 },
    aDelivery({ url: receiver.url, ...change }),
    signal,
  );

const verify = (secret: string) => {
  const [first] = receiver.received;
  return new Webhook(secret).verify(first?.body ?? '', first?.headers as Record<string, string>);
};

test('the bytes are sent as they are, signed with the secret of the account', async () => {
  const made = newWebhookSecret();
  const tried = await run({ secret: sealWebhookSecret(secretsKey, 'acct_1', made) });
  expect(tried).toMatchObject({ result: { statusCode: 204 }, decision: { kind: 'delivered' } });
  expect(receiver.received[0]?.body).toBe('{"data":{}}');
  expect(verify(made)).toEqual({ data: {} });
});

test('after a rotation both secrets of an endpoint sign', async () => {
  const [old, fresh] = [newWebhookSecret(), newWebhookSecret()];
  const seal = (secret: string) => sealEndpointSecret(secretsKey, 'whe_1', secret);
  await run({ endpointId: 'whe_1', secret: seal(fresh), previousSecret: seal(old) });
  verify(old);
  verify(fresh);
});

test.each([
  ['an endpoint without a secret', { endpointId: 'whe_1', secret: null }],
  ['a secret that was sealed with another key', { secret: Buffer.from('not ours') }],
])('%s is a failed try that was not posted, and goes through the schedule', async (_what, change) => {
  expect(await run(change)).toMatchObject({
    result: { outcome: 'failed', error: 'signing_failed' },
    decision: { kind: 'again', delayMs: 7000 },
  });
  expect(receiver.received).toEqual([]);
});

test('a delivery that ended three processes after its schedule is given up unposted', async () => {
  const secret = sealWebhookSecret(secretsKey, 'acct_1', newWebhookSecret());
  expect(await run({ secret, tries: 5 })).toMatchObject({
    result: { error: 'tries_lost' },
    decision: { kind: 'exhausted' },
  });
  expect(receiver.received).toEqual([]);
  await run({ secret, tries: 4 });
  expect(receiver.received).toHaveLength(1);
});

test('one that its signal aborts rejects, so that nothing is recorded', async () => {
  const secret = sealWebhookSecret(secretsKey, 'acct_1', newWebhookSecret());
  const closing = new AbortController();
  receiver.answer(() => closing.abort(new Error('closing')));
  await expect(run({ secret }, closing.signal)).rejects.toThrow();
});
