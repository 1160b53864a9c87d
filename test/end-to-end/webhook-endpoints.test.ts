import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, type Gateway, jobBody, startGateway, whenEnded } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';
import { openReceiver, type Received, type Receiver } from '../workers/deliveries/receiver.ts';

let gateway: Gateway;
let client: Client;
let receiver: Receiver;
beforeAll(async () => {
  gateway = await startGateway({ env: { WEBHOOK_RETRY_SECONDS: '0.1,0.1' } });
  client = await gateway.openAccount('listener', '10');
  receiver = await openReceiver();
});
afterAll(async () => {
  await gateway.close();
  await receiver.close();
});

const reported = (id: string) => receiver.received.filter(({ body }) => body.includes(id));
const whenReported = (id: string) => waitFor(`the webhook of ${id}`, () => reported(id)[0]);
const open = async (more: object = {}) => {
  const body = { name: 'all', url: receiver.url, event_types: ['job.succeeded', 'job.cancelled'], ...more };
  return (await client.call('POST /v1/webhook_endpoints', body)).json;
};
const verify = (secret: string, { body, headers }: Received) =>
  new Webhook(secret).verify(body, headers as Record<string, string>) as {
    type: string;
    data: { id: string };
  };

test('jobs tell endpoints how they ended, retried ones too; calls that were answered tell nobody', async () => {
  const endpoint = await open();
  const { json: job } = await client.call('POST /v1/jobs', jobBody('tell'));
  await whenEnded(client, job.id);
  expect(verify(endpoint.signing_secret, await whenReported(job.id))).toMatchObject({
    type: 'job.succeeded',
    data: { id: job.id, status: 'succeeded' },
  });

  const later = await client.call('POST /v1/jobs', jobBody('never', { run_at: '2099-01-01T00:00:00Z' }));
  await client.call(`POST /v1/jobs/${later.json.id}/cancel`);
  expect(verify(endpoint.signing_secret, await whenReported(later.json.id)).type).toBe('job.cancelled');

  const answered = await client.call('POST /v1/chat/completions', jobBody('call').request);
  expect(answered.status).toBe(200);
  const calledId = answered.headers.get('x-job-id') ?? '';

  const again = await client.call(`POST /v1/jobs/${job.id}/retry`);
  await whenEnded(client, again.json.id);
  await whenReported(again.json.id);
  expect(calledId).not.toBe('');
  const owed = await gateway.sql`select id from deliveries where job_id = ${calledId}`;
  expect(owed).toHaveLength(0);
  const { json: list } = await client.call(`GET /v1/deliveries?endpoint_id=${endpoint.id}`);
  expect(list.data.map((one: { job_id: string }) => one.job_id)).toEqual([
    again.json.id,
    later.json.id,
    job.id,
  ]);
  await client.call(`DELETE /v1/webhook_endpoints/${endpoint.id}`);
});

test('what came while an endpoint was disabled is held, and recovered when it is back', async () => {
  const endpoint = await open();
  const since = new Date().toISOString();
  await client.call(`POST /v1/webhook_endpoints/${endpoint.id}`, { status: 'disabled' });
  const { json: job } = await client.call('POST /v1/jobs', jobBody('held'));
  await whenEnded(client, job.id);
  const deliveries = async () =>
    (await client.call(`GET /v1/deliveries?endpoint_id=${endpoint.id}`)).json.data as {
      id: string;
      status: string;
    }[];
  const [delivery] = await deliveries();
  expect(delivery?.status).toBe('held');
  expect((await client.call(`POST /v1/deliveries/${delivery?.id}/replay`)).status).toBe(409);
  expect(reported(job.id)).toHaveLength(0);
  await client.call(`POST /v1/webhook_endpoints/${endpoint.id}`, { status: 'enabled' });
  expect((await client.call(`POST /v1/webhook_endpoints/${endpoint.id}/recover`, { since })).status).toBe(
    202,
  );
  verify(endpoint.signing_secret, await whenReported(job.id));
  await waitFor('the record', async () => (await deliveries())[0]?.status === 'delivered');
});
