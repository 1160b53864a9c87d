import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../../src/shared/platform/postgres/database.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { openTestServer, type TestServer } from '../../test-server.ts';

let server: TestServer;
const asked: string[] = [];
let foundWaiting = 0;

/** The same database; the texts of its statements are noted, and how many waits have found their job. */
function noting(sql: Database): Database {
  const note = (strings: TemplateStringsArray, ...values: unknown[]) => {
    const text = strings.join('?');
    asked.push(text);
    const query = sql(strings, ...values);
    if (isFirstLook(text)) {
      query.then(
        () => {
          foundWaiting += 1;
        },
        () => undefined,
      );
    }
    return query;
  };
  return Object.assign(note, sql) as Database;
}

const isFirstLook = (text: string) => /from jobs j left join charges/.test(text);

beforeAll(async () => {
  server = await openTestServer((deps) => {
    deps.sql = noting(deps.sql);
  });
});
afterAll(() => server.close());

const body = {
  request: {
    model: 'openai/gpt-5-mini',
    messages: [{ role: 'user', content: 'a long text '.repeat(5000) }],
    max_tokens: 5,
  },
};
const count = (pattern: RegExp) => asked.filter((text) => pattern.test(text)).length;

test('forty who wait for one job read its texts once, when it has ended', async () => {
  const account = await server.openAccount({ usd: '10' });
  const { json } = await server.call('POST /v1/jobs', { as: account.key, body });
  asked.length = 0;
  foundWaiting = 0;
  const waits = Array.from({ length: 40 }, () =>
    server.call(`GET /v1/jobs/${json.id}?wait=60`, { as: account.key }),
  );
  // One that had not found its job yet would read by itself what it finds ended.
  await waitFor('every wait to have begun', async () =>
    foundWaiting === 40 && count(/finished_at is not null/) > 0 ? true : undefined,
  );
  expect(count(/job_requests|job_results/)).toBe(0);
  await server.call(`POST /v1/jobs/${json.id}/cancel`, { as: account.key });
  asked.length = 0;
  for (const answer of await Promise.all(waits)) {
    expect(answer.json).toMatchObject({ id: json.id, status: 'cancelled' });
  }
  expect(count(/q\.request/)).toBeLessThanOrEqual(2);
});

test('a wait for a job that is not there, or another account has, is a 404 at once', async () => {
  const [one, other] = [await server.openAccount({ usd: '10' }), await server.openAccount()];
  const { json } = await server.call('POST /v1/jobs', { as: one.key, body });
  expect((await server.call(`GET /v1/jobs/${json.id}?wait=60`, { as: other.key })).status).toBe(404);
  expect((await server.call('GET /v1/jobs/job_0?wait=60', { as: one.key })).status).toBe(404);
});

test('a wait that is over answers with the job as it is', async () => {
  const account = await server.openAccount({ usd: '10' });
  const { json } = await server.call('POST /v1/jobs', { as: account.key, body });
  const answer = await server.call(`GET /v1/jobs/${json.id}?wait=0.05`, { as: account.key });
  expect(answer.json).toMatchObject({ status: 'queued', queue_position: 1 });
});
