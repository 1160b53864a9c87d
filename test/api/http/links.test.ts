import { request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertBatch } from '../../../src/shared/batches/sql/batches.ts';
import { newId } from '../../../src/shared/ids.ts';
import { openTestServer, type TestAccount, type TestServer } from '../test-server.ts';

type Settings = { publicUrl?: string; trustProxy?: string[] };

/** A server that listens, with an ended batch of messages; how it answers for it when called by a host. */
async function open(settings: Settings) {
  const server = await openTestServer((deps) => Object.assign(deps.config.http, settings));
  const account = await server.openAccount({ usd: '1' });
  await server.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.app.server.address() as AddressInfo;
  const batch = await insertBatch(server.sql, {
    id: newId('msgbatch'),
    accountId: account.id,
    kind: 'anthropic',
    endpoint: '/v1/messages',
    inputFileId: newId('file'),
    asked: 1,
    fingerprint: '',
    retryOf: null,
    webhookUrl: null,
    metadata: null,
    outputExpiresSeconds: null,
    windowSeconds: 86_400,
  });
  await server.sql`update batches set state = 'failed', finished_at = now() where id = ${batch.id}`;
  const path = `/v1/messages/batches/${batch.id}`;
  const resultsUrl = async (host: string, headers: Record<string, string> = {}) => {
    const text = await new Promise<string>((done, fail) => {
      const all = { host, authorization: `Bearer ${account.key}`, ...headers };
      ask({ port, host: '127.0.0.1', path, headers: all }, (answer) => {
        answer.setEncoding('utf8');
        let text = '';
        answer.on('data', (piece: string) => {
          text += piece;
        });
        answer.on('end', () => done(text));
      })
        .on('error', fail)
        .end();
    });
    return (JSON.parse(text) as { results_url: string }).results_url;
  };
  return { server, account, port, path: `${path}/results`, resultsUrl };
}

describe('without PUBLIC_URL', () => {
  let opened: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    opened = await open({});
  });
  afterAll(() => opened.server.close());

  test('a link begins with the address that the client is connected to', async () => {
    const { port, path, resultsUrl } = opened;
    for (const name of ['127.0.0.1', 'localhost']) {
      expect(await resultsUrl(`${name}:${port}`)).toBe(`http://${name}:${port}${path}`);
    }
  });

  test.each(['evil.example', '127.0.0.1', 'localhost:1', '127.0.0.1.evil.example', 'evil.example@127.0.0.1'])(
    'a link is the path alone when the client calls the server %s',
    async (host) => {
      expect(await opened.resultsUrl(host)).toBe(opened.path);
      const forwarded = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
      expect(await opened.resultsUrl(host, forwarded)).toBe(opened.path);
    },
  );
});

test('behind a trusted proxy a link begins with what that says', async () => {
  const { server, path, resultsUrl } = await open({ trustProxy: ['loopback'] });
  const headers = { 'x-forwarded-host': 'llm.example', 'x-forwarded-proto': 'https' };
  expect(await resultsUrl('inner:8080', headers)).toBe(`https://llm.example${path}`);
  const prefixed = { ...headers, 'x-forwarded-prefix': '/ai' };
  expect(await resultsUrl('inner:8080', prefixed)).toBe(`https://llm.example/ai${path}`);
  const odd = { ...headers, 'x-forwarded-prefix': '//evil.example' };
  expect(await resultsUrl('inner:8080', odd)).toBe(`https://llm.example${path}`);
  await server.close();
});

describe('with PUBLIC_URL', () => {
  const publicUrl = 'https://llm.example/ai';
  let opened: Awaited<ReturnType<typeof open>>;
  let server: TestServer;
  let account: TestAccount;
  beforeAll(async () => {
    opened = await open({ publicUrl });
    ({ server, account } = opened);
  });
  afterAll(() => server.close());

  test('every link begins with it', async () => {
    expect(await opened.resultsUrl('evil.example')).toBe(publicUrl + opened.path);
    const request = { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hello' }] };
    const headers = { 'idempotency-key': 'k' };
    for (let n = 0; n < 2; n += 1) {
      const made = await server.call('POST /v1/jobs', { as: account.key, headers, body: { request } });
      expect(made.headers['location']).toBe(`${publicUrl}/v1/jobs/${made.json.id}`);
      const token = await server.call(`POST /v1/jobs/${made.json.id}/stream_token`, { as: account.key });
      expect(token.json.url).toMatch(`${publicUrl}/v1/jobs/${made.json.id}/events?token=`);
    }
    expect((await server.call('GET /openapi.json')).json.servers).toEqual([{ url: publicUrl }]);
  });
});
