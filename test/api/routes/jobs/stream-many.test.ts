import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { streamWords } from '../../stream-words.ts';
import { openTestServer, type TestAccount, type TestServer } from '../../test-server.ts';
import { plantJob } from '../../watch/watched-jobs.ts';

let server: TestServer;
let account: TestAccount;
let url: string;
beforeAll(async () => {
  server = await openTestServer();
  account = await server.openAccount();
  await server.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

type Frame = { id: string; type: string; data: { job_id: string; text?: string } };

const get = (query: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/events?${query}`, { headers: { authorization: `Bearer ${account.key}`, ...headers } });

async function frames(query: string, headers: Record<string, string> = {}): Promise<Frame[]> {
  const text = await (await get(query, headers)).text();
  return [...text.matchAll(/^id: (.+)\nevent: (.+)\ndata: (.+)$/gm)].map(
    ([, id = '', type = '', data = '']) => ({
      id,
      type,
      data: JSON.parse(data),
    }),
  );
}

const textOf = (of: Frame[], jobId: string) =>
  of
    .filter(({ type, data }) => type === 'output.delta' && data.job_id === jobId)
    .map(({ data }) => data.text)
    .join('');

describe('GET /v1/events', () => {
  it('tells several jobs on one stream until the last has ended, and goes on from any event', async () => {
    const jobs = await Promise.all([1, 2, 3].map(() => plantJob(server.owner, account.id, true)));
    const query = `jobs=${jobs.join(',')}`;
    const live = frames(query);
    const words = jobs.map((id) => ['a ', 'story ', 'of ', id]);
    await Promise.all(jobs.map((id, index) => streamWords(server, id, words[index] ?? [], 5)));
    const all = await live;
    expect(jobs.map((id) => textOf(all, id))).toEqual(words.map((some) => some.join('')));
    expect(all.filter(({ type }) => type === 'job.succeeded')).toHaveLength(3);
    for (const at of [0, Math.floor(all.length / 2), all.length - 2]) {
      const rest = await frames(query, { 'last-event-id': all[at]?.id ?? '' });
      const both = [...all.slice(0, at + 1), ...rest];
      expect(both).toHaveLength(all.length);
      expect(jobs.map((id) => textOf(both, id))).toEqual(words.map((some) => some.join('')));
    }
    expect((await get(query, { 'last-event-id': all.at(-1)?.id ?? '' })).status).toBe(204);
  });

  it('refuses ids that are none, twice the same, another account’s, and a place that is none of this stream', async () => {
    const jobId = await plantJob(server.owner, account.id, true);
    const other = await server.openAccount();
    const foreign = await plantJob(server.owner, other.id, true);
    expect((await get('jobs=')).status).toBe(422);
    expect((await get(`jobs=${jobId},${jobId}`)).status).toBe(422);
    expect((await get(`jobs=${jobId},${foreign}`)).status).toBe(404);
    expect((await get(`jobs=${jobId}`, { 'last-event-id': '1.2' })).status).toBe(422);
    expect((await get(`jobs=${jobId}`, { 'last-event-id': 'x' })).status).toBe(422);
  });

  it('names the place it was given, the header or the query, when it refuses it', async () => {
    const jobId = await plantJob(server.owner, account.id, true);
    const paramOf = async (answer: Response) => JSON.parse(await answer.text()).error.param;
    expect(await paramOf(await get(`jobs=${jobId}`, { 'last-event-id': 'x' }))).toBe('Last-Event-ID');
    expect(await paramOf(await get(`jobs=${jobId}&starting_after=x`))).toBe('starting_after');
  });
});
