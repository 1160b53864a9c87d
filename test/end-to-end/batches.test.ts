import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chatLine, createBatch, readLines, uploadLines, whenBatchEnded } from '../support/batches.ts';
import { type Client, type Gateway, startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';
import { openReceiver } from '../workers/deliveries/receiver.ts';

let gateway: Gateway;
let account: Client;
let openai: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({});
  account = await gateway.openAccount('batches', '100');
  openai = clientOf(account);
});
afterAll(() => gateway.close());

const clientOf = ({ key }: Client) =>
  new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];
const model = 'openai/gpt-5-mini';
const lines = (count: number, prompt = 'tell me of rivers') =>
  Array.from({ length: count }, (_, index) => chatLine(`line-${index}`, model, `${prompt} ${index}`));

async function expectSoundLedger(client = account): Promise<void> {
  const { json: balance } = await client.call('GET /v1/balance');
  expect(balance.held_usd).toBe('0.000000000');
  const { json: check } = await gateway.admin.call('GET /v1/admin/ledger/check');
  expect(check.checks.filter((one: { ok: boolean }) => !one.ok)).toEqual([]);
}

const purposeOf = '--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n';
const fileOf = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{}\n';

test.each([
  ['no form', 'application/json', '{}'],
  ['a form without a boundary', 'multipart/form-data', 'abc'],
  ['a form that breaks off in its file', 'multipart/form-data; boundary=x', `${purposeOf}${fileOf}`],
])('an upload of %s is refused and leaves nothing', async (_name, type, body) => {
  const before = await gateway.sql`select id from files`;
  const answer = await fetch(`${gateway.url}/v1/files`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.key}`, 'content-type': type },
    body,
  });
  expect(answer.status).toBe(400);
  expect((await answer.json()) as object).toMatchObject({
    error_type: 'invalid_json',
    error: { type: 'invalid_request_error', code: 'invalid_json' },
  });
  expect(await gateway.sql`select id from files`).toEqual(before);
});

describe('a batch over three providers', () => {
  test('ends with 297 answers and 3 refusals of 300 lines, each exactly once, and charges what was used', async () => {
    const refused: Record<number, object> = {
      100: { temperature: 9 },
      200: { audio: { voice: 'x', format: 'mp3' } },
      250: { model: 'openai/no-such-model' },
    };
    const asked = Array.from({ length: 300 }, (_, index) =>
      chatLine(`line-${index}`, models[index % 3] ?? '', `answer ${index}`, refused[index]),
    );
    const before = (await account.call('GET /v1/balance')).json;
    const batch = await whenBatchEnded(openai, (await createBatch(openai, asked)).id);
    expect(batch).toMatchObject({
      status: 'completed',
      request_counts: { total: 300, completed: 297, failed: 3 },
    });
    const output = await readLines(openai, batch.output_file_id);
    const errors = await readLines(openai, batch.error_file_id);
    expect(errors.map((line) => line.custom_id)).toEqual(['line-100', 'line-200', 'line-250']);
    expect(errors.map((line) => line.response.status_code)).toEqual([422, 422, 422]);
    expect(errors.map((line) => line.response.body.error.param)).toEqual(['temperature', 'audio', 'model']);
    expect(output.map((line) => line.custom_id)).toEqual(
      asked
        .map((line) => JSON.parse(line).custom_id)
        .filter((id) => !['line-100', 'line-200', 'line-250'].includes(id)),
    );
    expect(new Set(output.map((line) => line.response.body.model))).toEqual(new Set(models));
    const tokens = output.map((line) => line.response.body.usage);
    const sum = (name: string) => tokens.reduce((total, usage) => total + usage[name], 0);
    expect(batch.usage).toMatchObject({
      input_tokens: sum('prompt_tokens'),
      output_tokens: sum('completion_tokens'),
    });
    const after = (await account.call('GET /v1/balance')).json;
    const [charged] = await gateway.sql<{ nano: bigint }[]>`
      select -sum(e.amount_nano)::bigint as nano from entries e join jobs j on j.id = e.job_id
      where j.batch_id = ${batch.id} and e.type = 'charge'`;
    expect(toNano(before.available_usd) - toNano(after.available_usd)).toBe(charged?.nano);
    await expectSoundLedger();
  });

  test('sets its money aside as one hold, before the first call', async () => {
    const { id } = await createBatch(openai, lines(4, '[[latency:1500]]'));
    await waitFor(
      'the batch to begin',
      async () => (await openai.batches.retrieve(id)).status === 'in_progress',
    );
    const entries = await gateway.sql`select type from entries where batch_id = ${id} and type = 'hold'`;
    expect(entries.length).toBe(1);
    expect((await whenBatchEnded(openai, id)).status).toBe('completed');
    await expectSoundLedger();
  });
});

const toNano = (usd: string) => BigInt(usd.replace('.', ''));

describe('a file that is no batch', () => {
  const line = chatLine('one', model, 'x');
  const refused: [name: string, text: string[], errors: object[]][] = [
    ['is not JSON on line 2', [line, '{"custom_id":'], [{ code: 'invalid_json_line', line: 2 }]],
    ['has an array for a line', ['[1]'], [{ code: 'invalid_json_line', line: 1 }]],
    [
      'uses a custom_id twice',
      [line, chatLine('two', model, 'y'), line],
      [{ code: 'duplicate_custom_id', line: 3 }],
    ],
    [
      'leaves a custom_id out',
      ['{"method":"POST","url":"/v1/chat/completions","body":{}}'],
      [{ code: 'missing_custom_id', line: 1 }],
    ],
    [
      'calls another endpoint',
      [line, line.replace('/v1/chat/completions', '/v1/responses').replace('one', 'two')],
      [{ code: 'url_mismatch', line: 2 }],
    ],
    ['has blank lines only', ['', '  '], [{ code: 'empty_file', line: null }]],
    [
      'is not POSTed',
      ['{"custom_id":"a","method":"GET","url":"/v1/chat/completions","body":{}}'],
      [{ code: 'url_mismatch', param: 'method' }],
    ],
  ];
  test.each(refused)('%s: it fails with the line, and costs nothing', async (_name, text, errors) => {
    const before = (await account.call('GET /v1/balance')).json;
    const batch = await whenBatchEnded(openai, (await createBatch(openai, text)).id);
    expect(batch).toMatchObject({ status: 'failed', request_counts: { total: 0, completed: 0, failed: 0 } });
    expect(batch.errors?.data).toMatchObject(errors);
    expect((await account.call('GET /v1/balance')).json).toEqual(before);
  });

  test('an empty file fails with empty_file', async () => {
    const batch = await whenBatchEnded(openai, (await createBatch(openai, [])).id);
    expect(batch.errors?.data).toMatchObject([{ code: 'empty_file' }]);
  });

  test('a batch that costs more than there is fails with insufficient_funds and takes nothing', async () => {
    const poor = await gateway.openAccount('poor', '0.01');
    const sdk = clientOf(poor);
    const batch = await whenBatchEnded(sdk, (await createBatch(sdk, lines(400))).id);
    expect(batch).toMatchObject({ status: 'failed', errors: { data: [{ code: 'insufficient_funds' }] } });
    expect((await poor.call('GET /v1/balance')).json).toMatchObject({
      available_usd: '0.010000000',
      held_usd: '0.000000000',
    });
    expect(await gateway.sql`select 1 from entries where batch_id = ${batch.id}`).toHaveLength(0);
  });
});

test('a line that holds more values than work is done for is refused alone', async () => {
  const messages = `[${'1,'.repeat(300_000)}1]`;
  const huge = chatLine('huge', model, 'x').replace(/"messages":\[[^\]]*\]/, `"messages":${messages}`);
  const batch = await whenBatchEnded(openai, (await createBatch(openai, [huge, ...lines(2)])).id);
  expect(batch).toMatchObject({ status: 'completed', request_counts: { completed: 2, failed: 1 } });
  const [refused] = await readLines(openai, batch.error_file_id);
  expect(refused).toMatchObject({ custom_id: 'huge', response: { status_code: 422 } });
  expect(refused?.response.body.error.message).toMatch(/messages has more than 10,000 members/);
});

describe('what an account can pay is looked at before its file is', () => {
  const broken = '{"custom_id":';

  test('of one that has nothing no line is read', async () => {
    const sdk = clientOf(await gateway.openAccount('penniless', '0'));
    const batch = await whenBatchEnded(sdk, (await createBatch(sdk, [broken])).id);
    expect(batch).toMatchObject({ status: 'failed', errors: { data: [{ code: 'insufficient_funds' }] } });
  });

  test('reading stops where the lines so far cost more than there is', async () => {
    const sdk = clientOf(await gateway.openAccount('hard-up', '0.001'));
    const batch = await whenBatchEnded(sdk, (await createBatch(sdk, [...lines(1000), broken])).id);
    expect(batch).toMatchObject({ status: 'failed', errors: { data: [{ code: 'insufficient_funds' }] } });
    expect(await gateway.sql`select 1 from batch_lines where batch_id = ${batch.id}`).toHaveLength(0);
  });
});

test('its lines count in usage by their own metadata, or else by that of the batch', async () => {
  const client = await gateway.openAccount('by-metadata', '1');
  const sdk = clientOf(client);
  const own = chatLine('own', model, 'x', { metadata: { team: 'red' } });
  const input_file_id = await uploadLines(sdk, [own, ...lines(2)]);
  const created = await sdk.batches.create({
    input_file_id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    metadata: { team: 'blue' },
  });
  expect((await whenBatchEnded(sdk, created.id)).request_counts?.completed).toBe(3);
  const { json } = await client.call('GET /v1/usage?group_by=metadata.team');
  expect(json.data).toMatchObject([
    { group: 'blue', jobs: 2 },
    { group: 'red', jobs: 1 },
  ]);
});

describe('a batch that is ended early', () => {
  test('cancelled while it runs: what ended keeps its result, the rest costs nothing', async () => {
    const asked = [
      ...lines(3),
      ...lines(3, '[[latency:20000]] slow').map((one) => one.replace('line-', 'slow-')),
    ];
    const { id } = await createBatch(openai, asked);
    await waitFor(
      'the quick ones',
      async () => (await openai.batches.retrieve(id)).request_counts?.completed === 3,
    );
    await openai.batches.cancel(id);
    const batch = await whenBatchEnded(openai, id);
    expect(batch).toMatchObject({ status: 'cancelled', request_counts: { total: 6, completed: 3 } });
    expect((await readLines(openai, batch.output_file_id)).map((line) => line.custom_id)).toEqual([
      'line-0',
      'line-1',
      'line-2',
    ]);
    const stopped = await readLines(openai, batch.error_file_id);
    expect(stopped.map((line) => [line.custom_id, line.response, line.error.code])).toEqual(
      ['slow-0', 'slow-1', 'slow-2'].map((name) => [name, null, 'batch_cancelled']),
    );
    await expectSoundLedger();
  });

  test('past its window: lines without a result say batch_expired', async () => {
    const { id } = await createBatch(openai, [...lines(2), chatLine('late', model, '[[fault:503]]')]);
    await waitFor(
      'the quick ones',
      async () => (await openai.batches.retrieve(id)).request_counts?.completed === 2,
    );
    await gateway.sql`update batches set expires_at = now() where id = ${id}`;
    await gateway.sql`update jobs set deadline_at = now() where batch_id = ${id} and finished_at is null`;
    const batch = await whenBatchEnded(openai, id);
    expect(batch).toMatchObject({ status: 'expired', request_counts: { total: 3, completed: 2, failed: 1 } });
    expect(await readLines(openai, batch.error_file_id)).toMatchObject([
      { custom_id: 'late', response: null, error: { code: 'batch_expired' } },
    ]);
    expect(batch.expired_at).toBeGreaterThan(0);
    await expectSoundLedger();
  });
});

describe('what a batch can be asked', () => {
  test('a retry runs only the lines that did not succeed', async () => {
    const asked = [
      ...lines(2),
      chatLine('broken', model, '[[fault:400]]'),
      chatLine('refused', 'openai/none', 'x'),
    ];
    const first = await whenBatchEnded(openai, (await createBatch(openai, asked)).id);
    expect(first.request_counts).toEqual({ total: 4, completed: 2, failed: 2 });
    const { status, json } = await account.call(`POST /v1/batches/${first.id}/retry`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ input_file_id: first.input_file_id, metadata: { retry_of: first.id } });
    const second = await whenBatchEnded(openai, json.id);
    expect(second.request_counts).toEqual({ total: 2, completed: 0, failed: 2 });
    expect((await readLines(openai, second.error_file_id)).map((line) => line.custom_id)).toEqual([
      'broken',
      'refused',
    ]);
    const again = await account.call(
      `POST /v1/batches/${(await whenBatchEnded(openai, (await createBatch(openai, lines(1))).id)).id}/retry`,
    );
    expect(again).toMatchObject({ status: 409 });
    await expectSoundLedger();
  });

  test('an estimate says what would be held and refused, and takes nothing', async () => {
    const fileId = await uploadLines(openai, [...lines(3), chatLine('refused', 'openai/none', 'x')]);
    const before = (await account.call('GET /v1/balance')).json;
    const { status, json } = await account.call('POST /v1/batches/estimate', {
      input_file_id: fileId,
      endpoint: '/v1/chat/completions',
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      object: 'batch.estimate',
      request_counts: { total: 4, accepted: 3, refused: 1 },
      refused: [{ line: 4, custom_id: 'refused', error: { param: 'model' } }],
      errors: null,
    });
    expect((await account.call('GET /v1/balance')).json).toEqual(before);
    const created = await openai.batches.create({
      input_file_id: fileId,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    await whenBatchEnded(openai, created.id);
    const [hold] = await gateway.sql<{ amount: bigint }[]>`
      select amount_nano as amount from holds where batch_id = ${created.id}`;
    expect(toNano(json.hold_usd)).toBe(hold?.amount);
  });

  test('the same creation with the same key is the same batch', async () => {
    const input_file_id = await uploadLines(openai, lines(1));
    const body = { input_file_id, endpoint: '/v1/chat/completions', completion_window: '24h' };
    const key = { 'idempotency-key': 'a batch' };
    const [first, second] = [
      await account.call('POST /v1/batches', body, key),
      await account.call('POST /v1/batches', body, key),
    ];
    expect(second.json).toEqual(first.json);
    const other = await account.call('POST /v1/batches', { ...body, metadata: { a: 'b' } }, key);
    expect(other.status).toBe(409);
  });

  test('a creation that the SDK sends again after a broken connection is the batch of the first', async () => {
    const input_file_id = await uploadLines(openai, lines(1));
    const body = { input_file_id, endpoint: '/v1/chat/completions', completion_window: '24h' };
    const first = await account.call('POST /v1/batches', body, { 'x-stainless-retry-count': '0' });
    const again = await account.call('POST /v1/batches', body, { 'x-stainless-retry-count': '1' });
    expect(again.json.id).toBe(first.json.id);
    const meant = await account.call('POST /v1/batches', body, { 'x-stainless-retry-count': '0' });
    expect(meant.json.id).not.toBe(first.json.id);
  });

  test('cancelling its jobs cancels it, or it would go on to make more of them', async () => {
    const { id } = await createBatch(openai, lines(200, '[[latency:3000]]'));
    await waitFor('it to begin', async () => (await openai.batches.retrieve(id)).status === 'in_progress');
    await account.call('POST /v1/jobs/cancel', { batch_id: id });
    const batch = await whenBatchEnded(openai, id);
    expect(batch.status).toBe('cancelled');
    const [counts] = await gateway.sql<
      { ended: number }[]
    >`select completed + cancelled as ended from batches where id = ${id}`;
    expect(counts?.ended).toBe(200);
    await expectSoundLedger();
  });

  test('nobody else sees its batches and files', async () => {
    const stranger = clientOf(await gateway.openAccount('stranger', '1'));
    const batch = await createBatch(openai, lines(1));
    await expect(stranger.batches.retrieve(batch.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(stranger.batches.cancel(batch.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(stranger.files.content(batch.input_file_id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const created = stranger.batches.create({
      input_file_id: batch.input_file_id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    await expect(created).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    expect((await stranger.files.list()).data).toEqual([]);
    expect((await stranger.batches.list()).data).toEqual([]);
  });

  test('its end is told to the webhook in its metadata', async () => {
    const receiver = await openReceiver();
    const input_file_id = await uploadLines(openai, lines(2));
    const { id } = await openai.batches.create({
      input_file_id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      metadata: { webhook_url: receiver.url },
    });
    await whenBatchEnded(openai, id);
    const [post] = await waitFor('the webhook', () =>
      receiver.received.length > 0 ? receiver.received : null,
    );
    expect(JSON.parse(post?.body ?? '')).toMatchObject({
      object: 'event',
      type: 'batch.completed',
      data: {
        id,
        object: 'batch',
        status: 'completed',
        request_counts: { total: 2, completed: 2, failed: 0 },
      },
    });
    await receiver.close();
  });
});
