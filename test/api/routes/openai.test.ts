import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await openTestServer();
  key = (await server.openAccount({ usd: '100' })).key;
});
afterAll(() => server.close());

const chat = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }], max_tokens: 10 };
const response = { model: 'gpt-5-mini', input: 'hi', max_output_tokens: 10 };
const calls = [
  ['POST /v1/chat/completions', chat],
  ['POST /v1/responses', response],
] as const;

describe.each(calls)('%s', (route, body) => {
  test('402: an account without money', async () => {
    const { key: poor } = await server.openAccount();
    const { status, json } = await server.call(route, { as: poor, body });
    expect([status, json.error.type]).toEqual([402, 'insufficient_funds']);
  });

  test('an unknown model and an unknown field are refused in the words of OpenAI', async () => {
    const model = await server.call(route, { as: key, body: { ...body, model: 'no/such' } });
    expect([model.status, model.json.error.code]).toEqual([
      route.endsWith('responses') ? 400 : 404,
      'model_not_found',
    ]);
    const field = await server.call(route, { as: key, body: { ...body, no_such_field: true } });
    expect([field.status, field.json.error]).toEqual([
      400,
      expect.objectContaining({
        type: 'invalid_request_error',
        code: 'unknown_parameter',
        param: 'no_such_field',
      }),
    ]);
  });
});

describe('a response in the background', () => {
  const begin = () => server.call('POST /v1/responses', { as: key, body: { ...response, background: true } });

  test('200: begun, read, its input listed, cancelled, deleted', async () => {
    const { status, json } = await begin();
    expect([status, json.status]).toEqual([200, 'queued']);
    const path = `/v1/responses/${json.id}`;
    expect((await server.call(`GET ${path}`, { as: key })).json).toMatchObject({ id: json.id });
    const items = await server.call(`GET ${path}/input_items`, { as: key });
    expect(items.json.data).toMatchObject([{ role: 'user' }]);
    expect((await server.call(`POST ${path}/cancel`, { as: key })).json.status).toBe('cancelled');
    const deleted = await server.call(`DELETE ${path}`, { as: key });
    expect(deleted).toMatchObject({ status: 200, json: { object: 'response', deleted: true } });
    expect((await server.call(`GET ${path}`, { as: key })).status).toBe(404);
  });

  test('404: of another account, in every way', async () => {
    const { json } = await begin();
    const { key: other } = await server.openAccount();
    const path = `/v1/responses/${json.id}`;
    for (const request of [
      `GET ${path}`,
      `GET ${path}/input_items`,
      `DELETE ${path}`,
      `POST ${path}/cancel`,
    ]) {
      expect((await server.call(request, { as: other })).status, request).toBe(404);
    }
  });

  test('404: one that is to go on from a response that is not stored', async () => {
    const body = { ...response, background: true, previous_response_id: 'resp_nothing' };
    expect((await server.call('POST /v1/responses', { as: key, body })).status).toBe(404);
  });

  test('400: parameters of its stream that do not fit', async () => {
    const { json } = await begin();
    const path = `/v1/responses/${json.id}?stream=true&starting_after=x`;
    expect((await server.call(`GET ${path}`, { as: key })).status).toBe(400);
  });
});
