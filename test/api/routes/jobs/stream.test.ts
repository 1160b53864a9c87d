import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStreamTokens } from '../../../../src/api/auth/stream-token.ts';
import { redisKey } from '../../../../src/shared/platform/redis/redis.ts';
import { toSecretsKey } from '../../../../src/shared/platform/seal.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { openSse } from '../../http/sse-client.ts';
import { streamWords } from '../../stream-words.ts';
import { openTestServer, type TestAccount, type TestServer } from '../../test-server.ts';
import { endJob, plantJob } from '../../watch/watched-jobs.ts';

let server: TestServer;
let account: TestAccount;
let url: string;
beforeAll(async () => {
  server = await openTestServer((deps) => {
    deps.config = { ...deps.config, http: { ...deps.config.http, corsOrigins: ['https://app.example'] } };
  });
  account = await server.openAccount();
  await server.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const plant = () => plantJob(server.owner, account.id, true);
const as = (key: string) => ({ authorization: `Bearer ${key}` });
const open = (jobId: string, headers: Record<string, string> = {}, query = '') =>
  openSse(`${url}/v1/jobs/${jobId}/events${query}`, { ...as(account.key), ...headers });

const hostile = [
  '\r\nid: 99\r\nevent: x\r\n\r\n',
  '\u2028\u2029\0',
  '\uD83D',
  '\uDE00',
  'data: fake\n\n',
  '}"',
];

describe('GET /v1/jobs/{id}/events', () => {
  it('has nothing more to tell of a job whose content was erased', async () => {
    const jobId = await plant();
    await streamWords(server, jobId, ['one ', 'two']);
    const { status } = await server.call(`DELETE /v1/jobs/${jobId}`, { as: account.key });
    expect(status).toBe(200);
    const again = await open(jobId);
    expect(again.status).toBe(204);
  });

  it('streams a job from its start to its end and closes', async () => {
    const jobId = await plant();
    const client = await open(jobId, { origin: 'https://app.example' });
    expect(client.status).toBe(200);
    expect(client.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': 'https://app.example',
      'x-request-id': expect.stringMatching(/^req_/),
    });
    const words = [...hostile, 'plain text ', ...hostile];
    const finalId = await streamWords(server, jobId, words);
    await client.ended;
    expect(client.frames.map(({ id }) => id)).toEqual(
      Array.from({ length: finalId }, (_, index) => index + 1),
    );
    expect(client.frames.at(-1)).toMatchObject({
      event: 'job.succeeded',
      data: { charge_usd: '0.000000042' },
    });
    const texts = client.frames
      .filter(({ event }) => event === 'output.delta')
      .map(({ data }) => data['text']);
    expect(texts.join('')).toBe(words.join(''));
    expect(client.raw().startsWith('retry: 1000\nid: 1\n')).toBe(true);
  });

  it('resumes after any id, by header or query, the header first; 204 after the last', async () => {
    const jobId = await plant();
    const finalId = await streamWords(server, jobId, ['a', 'b', 'c'], 60);
    const all = await open(jobId);
    await all.ended;
    for (let after = 0; after < finalId; after++) {
      const byHeader = await open(jobId, { 'last-event-id': String(after) }, '?starting_after=1');
      await byHeader.ended;
      expect(byHeader.frames).toEqual(all.frames.slice(after));
      const byQuery = await open(jobId, {}, `?starting_after=${after}`);
      await byQuery.ended;
      expect(byQuery.frames).toEqual(all.frames.slice(after));
    }
    expect((await open(jobId, { 'last-event-id': String(finalId) })).status).toBe(204);
    expect((await open(jobId, {}, `?starting_after=${finalId + 7}`)).status).toBe(204);
  });

  it('gives a snapshot when the log is gone', async () => {
    const jobId = await plant();
    const finalId = await streamWords(server, jobId, ['all ', 'of ', 'it'], 60);
    await server.deps.events.log.erase(jobId);
    const client = await open(jobId, { 'last-event-id': '3' });
    await client.ended;
    expect(client.frames).toMatchObject([
      { id: finalId - 1, event: 'output.snapshot', data: { text: 'all of it', seq: finalId - 1 } },
      { id: finalId, event: 'job.succeeded' },
    ]);
  });

  it('is for the account of the job only, and asks for ids that are ids', async () => {
    const jobId = await plant();
    const stranger = await server.openAccount();
    expect((await openSse(`${url}/v1/jobs/${jobId}/events`, as(stranger.key))).status).toBe(404);
    expect((await openSse(`${url}/v1/jobs/job_none/events`, as(account.key))).status).toBe(404);
    expect((await openSse(`${url}/v1/jobs/${jobId}/events`)).status).toBe(401);
    expect((await open(jobId, { 'last-event-id': 'x' })).status).toBe(422);
    expect((await open(jobId, {}, '?starting_after=-1')).status).toBe(422);
    expect((await open(jobId, {}, '?other=1')).status).toBe(422);
  });

  it('takes a token for this job, for five minutes', async () => {
    const jobId = await plant();
    await endJob(server.owner, jobId);
    const made = await server.call(`POST /v1/jobs/${jobId}/stream_token`, { as: account.key });
    expect(made.status).toBe(200);
    const leftMs = Date.parse(made.json.expires_at) - Date.now();
    expect(leftMs).toBeGreaterThan(295_000);
    expect(leftMs).toBeLessThanOrEqual(300_000);
    const client = await openSse(url + made.json.url);
    await client.ended;
    expect(client.frames.at(-1)?.event).toBe('job.succeeded');

    const { token } = made.json;
    const other = await plant();
    const submission = { jobId, accountId: account.id, keyId: null, until: null };
    const tokens = createStreamTokens(server.deps.config.secretsKey, () => Date.now() - 300_001);
    const expired = tokens.issue(submission).token;
    const forged = createStreamTokens(toSecretsKey(Buffer.alloc(32, 'x'))).issue(submission).token;
    expect((await openSse(`${url}/v1/jobs/${other}/events?token=${token}`)).status).toBe(401);
    for (const wrong of [expired, forged, `${token}x`, `${token}.x`, `${token}.`, 'x', '', '.', 'e30.']) {
      expect((await openSse(`${url}/v1/jobs/${jobId}/events?token=${wrong}`)).status).toBe(401);
    }
    expect((await server.call(`GET /v1/jobs/${jobId}?token=${token}`)).status).toBe(401);
    const stranger = await server.openAccount();
    expect((await server.call(`POST /v1/jobs/${jobId}/stream_token`, { as: stranger.key })).status).toBe(404);
  });

  it('drops a viewer who does not read, holds nobody else up, and lets it resume', async () => {
    const jobId = await plant();
    const slow = await open(jobId);
    await waitFor('its first event', () => slow.frames.length === 1);
    slow.pause();
    const quick = await open(jobId);
    const words = Array.from({ length: 400 }, (_, n) => `${n} `.repeat(8000));
    const finalId = await streamWords(server, jobId, words, 10);
    await quick.ended;
    expect(quick.frames.at(-1)?.id).toBe(finalId);
    slow.resume();
    await expect(slow.ended).rejects.toThrow();
    const lastSeen = slow.frames.at(-1)?.id ?? 0;
    expect(lastSeen).toBeLessThan(finalId);
    const again = await open(jobId, { 'last-event-id': String(lastSeen) });
    await again.ended;
    expect([...slow.frames, ...again.frames]).toEqual(quick.frames);
  });

  it('forgets a viewer who leaves', async () => {
    const jobId = await plant();
    const open_ = async () => (await server.deps.metrics.streamsOpen.get()).values[0]?.value;
    const before = await open_();
    const client = await open(jobId);
    await waitFor('it to be counted', async () => (await open_()) === (before ?? 0) + 1);
    client.leave();
    await waitFor('it to be forgotten', async () => (await open_()) === before);
  });

  it('keeps the stream whole when the log lies in one cluster slot', () => {
    expect(redisKey('gw', 'events', 'job_1')).toContain('{job_1}');
    expect(redisKey('gw', 'writer', 'job_1')).toContain('{job_1}');
  });
});

describe('a server that closes', () => {
  it('ends its streams at once and asks the viewers to come back', async () => {
    const closing = await openTestServer();
    const { id, key } = await closing.openAccount();
    const jobId = await plantJob(closing.owner, id, true);
    await closing.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = closing.app.server.address() as AddressInfo;
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => openSse(`http://127.0.0.1:${port}/v1/jobs/${jobId}/events`, as(key))),
    );
    await waitFor('all to have begun', () => clients.every(({ frames }) => frames.length === 1));
    const at = Date.now();
    await closing.close();
    expect(Date.now() - at).toBeLessThan(2000);
    for (const client of clients) {
      await client.ended;
      expect(client.raw()).toMatch(/\nretry: \d+\n/);
    }
  });
});
