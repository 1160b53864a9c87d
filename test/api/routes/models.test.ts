import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await openTestServer();
  key = (await server.openAccount({ scopes: ['read'] })).key;
});
afterAll(() => server.close());

test('models have prices, limits and whether they are simulated', async () => {
  const { json } = await server.call('GET /v1/models', { as: key });
  expect(new Set(json.data.map((model: { owned_by: string }) => model.owned_by))).toEqual(
    new Set(['openai']),
  );
  const listed = json.data.find((model: { id: string }) => model.id === 'openai/gpt-5-mini');
  expect(listed).toMatchObject({
    id: 'openai/gpt-5-mini',
    object: 'model',
    owned_by: 'openai',
    gateway: {
      aliases: [],
      input_usd_per_mtok: '0.250000000',
      output_usd_per_mtok: '2.000000000',
      max_output_tokens: 128_000,
      simulated: true,
    },
  });
  expect(listed.created).toBeTypeOf('number');
});

test.each(['openai/gpt-5-mini', 'openai%2Fgpt-5-mini', 'gpt-5-mini'])('finds %s', async (name) => {
  const answer = await server.call(`GET /v1/models/${name}`, { as: key });
  expect([answer.status, answer.json.id]).toEqual([200, 'openai/gpt-5-mini']);
});

test('a model without its provider is not there', async () => {
  for (const name of ['anthropic/claude-haiku-4-5', 'nothing', 'a/b/c']) {
    expect((await server.call(`GET /v1/models/${name}`, { as: key })).status).toBe(404);
  }
});

test("Anthropic's clients get Anthropic's shape", async () => {
  const headers = { 'anthropic-version': '2023-06-01' };
  const { json } = await server.call('GET /v1/models', { as: key, headers });
  expect(json).toMatchObject({ has_more: false, first_id: json.data[0].id, last_id: json.data.at(-1).id });
  const listed = json.data.find((model: { id: string }) => model.id === 'openai/gpt-5-mini');
  expect(listed).toMatchObject({ type: 'model', display_name: 'gpt-5-mini' });
  const missing = await server.call('GET /v1/models/nothing', { as: key, headers });
  expect(missing.json).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
});

test("Anthropic's clients read them in pages", async () => {
  const headers = { 'anthropic-version': '2023-06-01' };
  const ask = async (query: string) =>
    (await server.call(`GET /v1/models?beta=true&${query}`, { as: key, headers })).json;
  const all: string[] = (await ask('')).data.map(({ id }: { id: string }) => id);
  const first = await ask('limit=2');
  expect(first).toMatchObject({ has_more: true, first_id: all[0], last_id: all[1] });
  const next = await ask(`limit=1&after_id=${all[1]}`);
  expect(next.data.map(({ id }: { id: string }) => id)).toEqual([all[2]]);
  const before = await ask(`limit=2&before_id=${all[3]}`);
  expect(before.data.map(({ id }: { id: string }) => id)).toEqual([all[1], all[2]]);
  for (const query of ['limit=0', 'limit=1001', 'after_id=nothing', 'before_id=nothing']) {
    expect(await ask(query), query).toMatchObject({ error: { type: 'invalid_request_error' } });
  }
});
