import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId, suffixOf } from '../../../../src/shared/ids.ts';
import type { Database } from '../../../../src/shared/platform/postgres/database.ts';
import { openTestServer, type TestAccount, type TestServer } from '../../test-server.ts';

let server: TestServer;
let account: TestAccount;
const asked: string[] = [];

/** The same database; the texts of its statements are noted. */
function noting(sql: Database): Database {
  const note = (strings: TemplateStringsArray, ...values: unknown[]) => {
    asked.push(strings.join('?'));
    return sql(strings, ...values);
  };
  return Object.assign(note, sql) as Database;
}

beforeAll(async () => {
  server = await openTestServer((deps) => {
    deps.sql = noting(deps.sql);
  });
  account = await server.openAccount({ usd: '10' });
});
afterAll(() => server.close());

/**
 * A response that ended well, written past the ledger; `fields` come first in its body or, as once, wherever
 * they were.
 */
async function plant(
  previous: string | null,
  input: string,
  submission: 'first' | 'last' = 'first',
): Promise<string> {
  const [id, holdId] = [newId('job'), newId('hold')];
  const body = { model: 'openai/gpt-5-mini', input };
  const link = { previous_response_id: previous };
  const original = JSON.stringify(submission === 'first' ? { ...link, ...body } : { ...body, ...link });
  const result = JSON.stringify({
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: `re ${input}`, refusal: null },
        finish_reason: 'stop',
      },
    ],
  });
  await server.owner`insert into holds (id, account_id, amount_nano, remaining_nano, closed_at)
    values (${holdId}, ${account.id}, 1000, 0, now())`;
  await server.owner`insert into jobs (id, account_id, surface, state, lane, model, provider,
    target_model, max_attempts, hold_id,
      hold_nano, input_tokens_bound, tokens_bound, metadata, deadline_at, finished_at)
    values (${id}, ${account.id}, 'responses', 'succeeded', 1, 'openai/gpt-5-mini', 'openai',
      'openai/gpt-5-mini', 1, ${holdId},
      1000, 10, 20, '{}', now(), now())`;
  await server.owner`insert into job_requests (job_id, request, targets, original) values (${id}, '{}', '[]', ${original})`;
  await server.owner`insert into job_results (job_id, result) values (${id}, ${result})`;
  return `resp_${suffixOf(id)}`;
}

async function chainOf(length: number): Promise<string[]> {
  const ids: string[] = [];
  for (let turn = 0; turn < length; turn += 1) {
    ids.push(await plant(ids.at(-1) ?? null, `turn ${turn}`, turn % 2 === 0 ? 'first' : 'last'));
  }
  return ids;
}

const list = (id: string, query: string) =>
  server.call(`GET /v1/responses/${id}/input_items${query}`, { as: account.key });
const textsOf = (items: { content: { text: string }[] }[]) => items.map((item) => item.content[0]?.text);
const all = ['turn 0', 're turn 0', 'turn 1', 're turn 1', 'turn 2', 're turn 2', 'turn 3'];

test('a page lists what was sent, newest first or oldest first, and goes on after any item', async () => {
  const last = (await chainOf(4)).at(-1) ?? '';
  for (const [submission, texts] of [['asc', all] as const, ['desc', all.toReversed()] as const]) {
    const whole = await list(last, `?order=${submission}`);
    expect(textsOf(whole.json.data)).toEqual(texts);
    const seen: (string | undefined)[] = [];
    for (let after = ''; ; ) {
      const { json } = await list(last, `?order=${submission}&limit=2${after}`);
      seen.push(...textsOf(json.data));
      if (!json.has_more) break;
      after = `&after=${json.last_id}`;
    }
    expect(seen).toEqual(texts);
  }
  expect((await list(last, '?after=item_0')).status).toBe(400);
});

test('a page reads the turns it is made of, and no others', async () => {
  const last = (await chainOf(6)).at(-1) ?? '';
  const readTurns = () => asked.filter((text) => /select q\.original, r\.result/.test(text)).length;
  asked.length = 0;
  expect((await list(last, '?limit=1')).json.data).toHaveLength(1);
  expect(readTurns()).toBe(1);
  asked.length = 0;
  expect((await list(last, '?limit=1&order=asc')).json.data).toHaveLength(1);
  expect(readTurns()).toBe(1);
});

const goOn = (previous: string) =>
  server.call('POST /v1/responses', {
    as: account.key,
    body: { model: 'openai/gpt-5-mini', input: 'and?', background: true, previous_response_id: previous },
  });

test('a conversation goes on from what was sent in it', async () => {
  const last = (await chainOf(4)).at(-1) ?? '';
  const { status, json } = await goOn(last);
  expect([status, json.previous_response_id]).toEqual([200, last]);
  const [row] = await server.owner<{ request: string }[]>`
    select request from job_requests where job_id = ${json.id.replace('resp_', 'job_')}`;
  const sent = JSON.parse(row?.request ?? '').messages.map(
    (message: { content: unknown }) => message.content,
  );
  expect(sent).toEqual([...all, 're turn 3', 'and?']);
});

test('a conversation of more than 64 MiB is refused by its size, and none of it is read', async () => {
  const [first = '', last = ''] = await chainOf(2);
  await server.owner`update job_results set result = repeat(' ', 70000000) || result
    where job_id = ${first.replace('resp_', 'job_')}`;
  asked.length = 0;
  const { status, json } = await goOn(last);
  expect([status, json.error.param]).toEqual([413, 'previous_response_id']);
  expect(json.detail).toMatch(/more than 64 MiB/);
  expect(asked.filter((text) => /select q\.original, r\.result/.test(text))).toEqual([]);
});

test('a conversation with a turn that is gone, or did not end well, names it', async () => {
  const [first = '', , last = ''] = await chainOf(3);
  await server.owner`delete from job_requests where job_id = ${first.replace('resp_', 'job_')}`;
  expect((await goOn(last)).json).toMatchObject({ code: 404, detail: expect.stringContaining(first) });
  const [one = '', two = ''] = await chainOf(2);
  await server.owner`delete from job_results where job_id = ${one.replace('resp_', 'job_')}`;
  expect((await goOn(two)).json).toMatchObject({ code: 409, detail: expect.stringContaining(one) });
  expect((await goOn('resp_0')).status).toBe(404);
});

test('a response with much input is the same as one with little, and its input is not read for it', async () => {
  const large = await plant(null, 'x'.repeat(100_000));
  const small = await plant(null, 'x');
  const read = async (id: string) => (await server.call(`GET /v1/responses/${id}`, { as: account.key })).json;
  asked.length = 0;
  const [one, other] = [await read(large), await read(small)];
  expect(asked.filter((text) => text.includes('q.request'))).toEqual([]);
  const own = { id: '', created_at: 0, completed_at: 0, output: [] };
  expect({ ...one, ...own }).toEqual({ ...other, ...own });
  expect(one.output[0].content[0].text).toBe(`re ${'x'.repeat(100_000)}`);
  const { json } = await server.call(`GET /v1/responses/${large}/input_items`, { as: account.key });
  expect(json.data[0].content[0].text).toHaveLength(100_000);
});
