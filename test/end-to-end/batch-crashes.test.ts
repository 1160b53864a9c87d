import { request } from 'node:http';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatLine, createBatch, readLines, uploadLines, whenBatchEnded } from '../support/batches.ts';
import { type Client, type Gateway, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

let gateway: Gateway;
let account: Client;
let openai: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({ roles: ['api'], env: { LEASE_SECONDS: '2', WORKER_CONCURRENCY: '8' } });
  account = await gateway.openAccount('batch-crashes', '100');
  openai = new OpenAI({ apiKey: account.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(() => gateway.close());

const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];

/** Starts a worker, and another whenever it dies, until told to stop; says how many died. */
function keepWorking(env: Record<string, string>) {
  let deaths = 0;
  let isOver = false;
  let worker: GatewayProcess | null = null;
  const gone = (async () => {
    while (!isOver) {
      // One that dies before it is ready has died like any other.
      worker = await gateway.spawn('workers', env).catch(() => null);
      if (isOver) await worker?.kill('SIGKILL');
      await worker?.ended;
      deaths += 1;
    }
  })();
  return {
    deaths: () => deaths,
    stop: async () => {
      isOver = true;
      await worker?.kill('SIGKILL');
      await gone;
    },
  };
}

test('workers that die at every second step, and in the middle of steps, finish a batch with each line once', async () => {
  const asked = Array.from({ length: 700 }, (_, index) =>
    chatLine(
      `line-${index}`,
      models[index % 3] ?? '',
      // So long that a slice holds some hundred, and there are many steps to die between.
      index % 100 === 0 ? '[[fault:400]]' : `answer ${index} ${'and say no more '.repeat(100)}`,
    ),
  );
  const { id } = await createBatch(openai, asked);
  const crews = [
    keepWorking({ FAILPOINTS: 'batch.moved=kill@0.5' }),
    keepWorking({ FAILPOINTS: 'batch.moved=kill:20@0.5,run.answered=kill@0.002' }),
  ];
  const batch = await whenBatchEnded(openai, id, 110_000);
  for (const crew of crews) await crew.stop();
  expect(crews.reduce((sum, crew) => sum + crew.deaths(), 0)).toBeGreaterThan(4);
  expect(batch).toMatchObject({
    status: 'completed',
    request_counts: { total: 700, completed: 693, failed: 7 },
  });
  const output = await readLines(openai, batch.output_file_id);
  const errors = await readLines(openai, batch.error_file_id);
  expect(output).toHaveLength(693);
  expect(errors).toHaveLength(7);
  expect(new Set([...output, ...errors].map((line) => line.custom_id)).size).toBe(700);
  const { json: balance } = await account.call('GET /v1/balance');
  expect(balance.held_usd).toBe('0.000000000');
  const { json: check } = await gateway.admin.call('GET /v1/admin/ledger/check');
  expect(check.checks.filter((one: { ok: boolean }) => !one.ok)).toEqual([]);
}, 120_000);

test('of an upload whose server is killed nothing is seen, and the next one is whole', async () => {
  const api = await gateway.spawn('api');
  const head = [
    '--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n',
    '--x\r\ncontent-disposition: form-data; name="file"; filename="cut.jsonl"\r\n\r\n',
  ].join('');
  const upload = request(`${api.url}/v1/files`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.key}`, 'content-type': 'multipart/form-data; boundary=x' },
  });
  upload.on('error', () => undefined);
  upload.write(head);
  const line = `${chatLine('one', models[0] ?? '', 'x'.repeat(1000))}\n`;
  upload.write(line.repeat(3000));
  await waitFor('a chunk', async () => {
    const rows = await gateway.sql`select 1 from file_chunks c join files f on f.id = c.file_id
        where f.state = 'uploading'`;
    return rows.length > 0;
  });
  await api.kill('SIGKILL');
  upload.destroy();
  expect((await openai.files.list()).data.map((file) => file.filename)).not.toContain('cut.jsonl');
  const fileId = await uploadLines(openai, [line.trim()]);
  expect(await (await openai.files.content(fileId)).text()).toBe(line);
});
