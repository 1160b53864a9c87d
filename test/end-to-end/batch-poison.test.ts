import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatLine, createBatch, readLines, uploadLines, whenBatchEnded } from '../support/batches.ts';
import { type Client, type Gateway, type GatewayProcess, startGateway } from '../support/gateway.ts';

/** A process has to start after each death, and a lease to end. */
const maxWaitMs = 200_000;

let gateway: Gateway;
let crew: ReturnType<typeof keepWorking>;

beforeAll(async () => {
  gateway = await startGateway({ roles: ['api'], env: { LEASE_SECONDS: '2' } });
  crew = keepWorking({ FAILPOINTS: 'batch.line=kill~deadly' });
});
afterAll(async () => {
  await crew.stop();
  await gateway.close();
});

/** Starts a worker, and another whenever it dies. */
function keepWorking(env: Record<string, string>) {
  let isOver = false;
  let worker: GatewayProcess | null = null;
  let deaths = 0;
  const gone = (async () => {
    while (!isOver) {
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

const clientOf = ({ key }: Client) =>
  new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
const good = (id: string) => chatLine(id, 'openai/gpt-5-mini', 'tell me of rivers');
const deadly = (id: string) => chatLine(id, 'openai/gpt-5-mini', 'deadly');

async function expectNothingHeld(client: Client): Promise<void> {
  expect((await client.call('GET /v1/balance')).json.held_usd).toBe('0.000000000');
  const { json: check } = await gateway.admin.call('GET /v1/admin/ledger/check');
  expect(check.checks.filter((one: { ok: boolean }) => !one.ok)).toEqual([]);
}

test('a line that ended three processes fails alone, and a batch beside it goes on', async () => {
  const account = await gateway.openAccount('one-deadly-line', '10');
  const neighbour = await gateway.openAccount('neighbour', '10');
  const before = crew.deaths();
  const lines = [
    ...Array.from({ length: 30 }, (_, index) => good(`line-${index}`)),
    deadly('bad'),
    good('last'),
  ];
  const { id } = await createBatch(clientOf(account), lines);
  const beside = await createBatch(clientOf(neighbour), [good('beside')]);
  expect(await whenBatchEnded(clientOf(neighbour), beside.id, maxWaitMs)).toMatchObject({
    status: 'completed',
  });
  const batch = await whenBatchEnded(clientOf(account), id, maxWaitMs);
  expect(batch).toMatchObject({
    status: 'completed',
    request_counts: { total: 32, completed: 31, failed: 1 },
  });
  expect(await readLines(clientOf(account), batch.error_file_id)).toMatchObject([
    { custom_id: 'bad', response: null, error: { code: 'processing_failed' } },
  ]);
  expect(crew.deaths() - before).toBe(3);
  await expectNothingHeld(account);
}, 240_000);

test('a batch with another such line is failed with a code, whatever is left of it', async () => {
  const account = await gateway.openAccount('two-deadly-lines', '10');
  const before = crew.deaths();
  const { id } = await createBatch(clientOf(account), [
    good('a'),
    deadly('b'),
    good('c'),
    deadly('d'),
    good('e'),
  ]);
  const batch = await whenBatchEnded(clientOf(account), id, maxWaitMs);
  expect(batch).toMatchObject({ status: 'failed', output_file_id: null });
  expect(batch.errors?.data).toMatchObject([{ code: 'processing_failed', line: null }]);
  expect(crew.deaths() - before).toBe(4);
  await expectNothingHeld(account);
}, 240_000);

test('a line that cannot be named fails its batch, and the webhook tells so', async () => {
  const account = await gateway.openAccount('nameless-line', '10');
  const before = crew.deaths();
  const client = clientOf(account);
  const { id } = await client.batches.create({
    input_file_id: await uploadLines(client, [good('a'), '{"body":"deadly"}', good('c')]),
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    metadata: { webhook_url: 'http://127.0.0.1:9/told' },
  });
  const batch = await whenBatchEnded(clientOf(account), id, maxWaitMs);
  expect(batch).toMatchObject({ status: 'failed' });
  expect(batch.errors?.data).toMatchObject([{ code: 'processing_failed' }]);
  expect(crew.deaths() - before).toBe(3);
  const owed = await gateway.sql`select event_type as type from deliveries where batch_id = ${id}`;
  expect(owed).toEqual([{ type: 'batch.failed' }]);
  await expectNothingHeld(account);
}, 240_000);
