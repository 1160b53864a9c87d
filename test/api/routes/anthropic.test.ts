import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await openTestServer();
  key = (await server.openAccount({ usd: '100' })).key;
});
afterAll(() => server.close());

const message = { model: 'gpt-5-mini', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] };

describe('a message', () => {
  test("402: an account without money, in Anthropic's shape", async () => {
    const { key: poor } = await server.openAccount();
    const { status, json } = await server.call('POST /v1/messages', { as: poor, body: message });
    expect([status, json.type, json.error.type]).toEqual([402, 'error', 'billing_error']);
  });

  test.each([
    [{ model: 'no/such' }, 404, 'not_found_error', /unknown model/],
    [{ no_such: 3 }, 400, 'invalid_request_error', /^no_such: Extra inputs are not permitted$/],
    [{ max_tokens: undefined }, 400, 'invalid_request_error', /^max_tokens: Field required$/],
  ])('%j is refused in the words of Anthropic', async (change, expected, type, words) => {
    const body = { ...message, ...change };
    const { status, json } = await server.call('POST /v1/messages', { as: key, body });
    expect([status, json.error.type]).toEqual([expected, type]);
    expect(json.error.message).toMatch(words);
  });

  test('200: its tokens are counted, with the request id in both headers', async () => {
    const { max_tokens: _, ...body } = message;
    const { status, json, headers } = await server.call('POST /v1/messages/count_tokens', { as: key, body });
    expect(status).toBe(200);
    expect(json.input_tokens).toBeGreaterThan(0);
    expect(headers['request-id']).toBe(headers['x-request-id']);
  });
});
