import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../../../src/shared/ids.ts';
import { openTestServer, type TestAccount, type TestServer } from '../../test-server.ts';

let server: TestServer;
let account: TestAccount;
/** More than one page looks at. */
const many = 12_001;
let ids: string[];
beforeAll(async () => {
  server = await openTestServer();
  account = await server.openAccount();
  ids = Array.from({ length: many }, () => newId('job'));
  const holdId = newId('hold');
  await server.owner`insert into holds (id, account_id, amount_nano, remaining_nano) values (${holdId}, ${account.id}, 0, 0)`;
  await server.owner`
    insert into jobs (id, account_id, lane, model, provider, target_model, max_attempts, hold_id, hold_nano,
      input_tokens_bound, tokens_bound, deadline_at, state, finished_at, metadata)
    select id, ${account.id}, 1, 'm', 'p', 'm', 5, ${holdId}, 0, 1, 2, now(),
      case when n = 1 then 'waiting' else 'cancelled' end, case when n > 1 then now() end,
      case when n <= 2 then '{"colour": "blue"}'::jsonb else '{}' end
    from unnest(${ids}::text[]) with ordinality as t (id, n)`;
});
afterAll(() => server.close());

const page = async (query: string) =>
  (await server.call(`GET /v1/jobs?limit=2&${query}`, { as: account.key })).json;

/** Every job that fits, as a client finds it that follows the pages; and how many pages there were. */
async function follow(query: string): Promise<{ found: string[]; pages: number }> {
  const found: string[] = [];
  for (let pages = 1, after = ''; ; pages += 1) {
    const { data, has_more, last_id } = await page(`${query}${after}`);
    found.push(...data.map(({ id }: { id: string }) => id));
    if (!has_more) return { found, pages };
    after = `&after=${last_id}`;
  }
}

test('a page looks at a bounded number of jobs, and says that there are more', async () => {
  const first = await page('metadata.colour=blue');
  expect(first).toMatchObject({ data: [], has_more: true, first_id: null });
  expect(first.last_id).toBe(ids.at(-5000));
});

test.each([
  ['metadata.colour=blue', 2],
  ['metadata.colour=blue&status=cancelled', 1],
  ['metadata.colour=red', 0],
  ['status=failed', 0],
])('who follows the pages of %s finds all that fit', async (query, fitting) => {
  const { found, pages } = await follow(query);
  expect(found).toHaveLength(fitting);
  expect(pages).toBe(3);
});

test('jobs that have not ended are found at once, however many have', async () => {
  expect(await page('status=queued')).toMatchObject({ data: [{ id: ids[0] }], has_more: false });
});

test('without a filter a page is full', async () => {
  const { data, has_more, last_id } = await page('');
  expect([data.length, has_more, last_id]).toEqual([2, true, ids.at(-2)]);
});
