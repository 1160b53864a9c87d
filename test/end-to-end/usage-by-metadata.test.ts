import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, type Gateway, jobBody, startGateway, whenEnded } from '../support/gateway.ts';

let gateway: Gateway;
let client: Client;
beforeAll(async () => {
  gateway = await startGateway({});
  client = await gateway.openAccount('by-metadata', '1');
});
afterAll(() => gateway.close());

const model = 'openai/gpt-5-mini';
const messages = [{ role: 'user', content: 'tell me of rivers' }];

test('metadata counts in usage on whatever surface it was given', async () => {
  const metadata = { team: 'blue' };
  const calls = [
    client.call('POST /v1/chat/completions', { model, messages, metadata }),
    client.call('POST /v1/responses', { model, input: 'tell me of rivers', metadata }),
    client.call('POST /v1/messages', { model, messages, max_tokens: 20, metadata: { user_id: 'ann' } }),
  ];
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200]);
  const { json: job } = await client.call('POST /v1/jobs', jobBody('tell me of rivers', { metadata }));
  await whenEnded(client, job.id);
  const { json: inner } = await client.call('POST /v1/jobs', { request: { model, messages, metadata } });
  await whenEnded(client, inner.id);
  const usageBy = async (field: string) =>
    (await client.call(`GET /v1/usage?group_by=metadata.${field}`)).json.data as object[];
  expect(await usageBy('team')).toMatchObject([
    { group: 'blue', jobs: 4 },
    { group: null, jobs: 1 },
  ]);
  expect(await usageBy('user_id')).toMatchObject([
    { group: 'ann', jobs: 1 },
    { group: null, jobs: 4 },
  ]);
});
