import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatLine, createBatch, readLines, whenBatchEnded } from '../support/batches.ts';
import { type Client, type Gateway, startGateway } from '../support/gateway.ts';

let gateway: Gateway;
let account: Client;
let openai: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({});
  account = await gateway.openAccount('bad-rows', '10');
  openai = new OpenAI({ apiKey: account.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  // What a bug may have written: a line of which no job can be made, and a result that is no JSON.
  await gateway.sql.unsafe(`
    create function break_line() returns trigger language plpgsql as $$
    begin
      if new.custom_id = 'unmakeable' then new.intake := '{"lane":"none"}'; end if;
      return new;
    end $$;
    create trigger break_line before insert on batch_lines for each row execute function break_line();
    create function break_result() returns trigger language plpgsql as $$
    begin
      if (select custom_id from batch_lines where job_id = new.job_id) = 'unreadable' then
        new.result := '{';
      end if;
      return new;
    end $$;
    create trigger break_result before insert on job_results for each row execute function break_result();
    grant execute on function break_line(), break_result() to public;
  `);
});
afterAll(() => gateway.close());

const line = (id: string) => chatLine(id, 'openai/gpt-5-mini', 'tell me of rivers');

test.each([
  ['of which no job can be made', 'unmakeable'],
  ['whose result cannot be read', 'unreadable'],
])(
  'a line %s fails after three tries, and its batch ends with all others',
  async (_what, id) => {
    const batch = await whenBatchEnded(
      openai,
      (await createBatch(openai, [line('a'), line(id), line('b')])).id,
    );
    expect(batch.status).toBe('completed');
    const answered = await readLines(openai, batch.output_file_id);
    expect(answered.map(({ custom_id }) => custom_id)).toEqual(['a', 'b']);
    expect(await readLines(openai, batch.error_file_id)).toMatchObject([
      { custom_id: id, response: null, error: { code: 'processing_failed' } },
    ]);
    const { json: balance } = await account.call('GET /v1/balance');
    expect(balance.held_usd).toBe('0.000000000');
    const { json: check } = await gateway.admin.call('GET /v1/admin/ledger/check');
    expect(check.checks.filter((one: { ok: boolean }) => !one.ok)).toEqual([]);
  },
  60_000,
);

test('a batch that cannot go on does not hold up the next one', async () => {
  const stuck = await createBatch(openai, [line('unreadable')]);
  const next = await createBatch(openai, [line('next')]);
  expect(await whenBatchEnded(openai, next.id)).toMatchObject({ status: 'completed' });
  await whenBatchEnded(openai, stuck.id);
});
