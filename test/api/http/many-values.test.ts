import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestAccount, type TestServer } from '../test-server.ts';

let server: TestServer;
let account: TestAccount;
beforeAll(async () => {
  server = await openTestServer((deps) => {
    deps.config.http.bodyLimitBytes = 20 * 1024 * 1024;
  });
  account = await server.openAccount();
});
afterAll(() => server.close());

const many = (count: number, item = '1') => `[${`${item},`.repeat(count - 1)}${item}]`;
const model = '"model":"openai/gpt-5-mini"';

/** Each route that takes what a client wrote, with its body around a list. */
const bodies: [route: string, bodyOf: (list: string) => string, param: string][] = [
  ['/v1/jobs', (list) => `{"request":{${model},"messages":${list}}}`, 'request.messages'],
  ['/v1/estimates', (list) => `{"request":{${model},"tools":${list}}}`, 'request.tools'],
  ['/v1/chat/completions', (list) => `{${model},"messages":${list}}`, 'messages'],
  ['/v1/responses', (list) => `{${model},"input":${list}}`, 'input'],
  ['/v1/messages', (list) => `{${model},"max_tokens":5,"messages":${list}}`, 'messages'],
  ['/v1/messages/count_tokens', (list) => `{${model},"messages":${list}}`, 'messages'],
  ['/v1/webhook_endpoints', (list) => `{"url":"https://a.example","events":${list}}`, 'events'],
];

test.each(bodies)(
  '%s refuses more values than it works for with 413 and their place',
  async (route, bodyOf, param) => {
    for (const list of [many(10_001), many(9_900_000)]) {
      const answer = await server.call(`POST ${route}`, { as: account.key, body: bodyOf(list) });
      expect(answer.status).toBe(413);
      expect(answer.text).toMatch(/more than 10,000 members \(at byte \d+\)/);
      expect(answer.text).toContain(param);
      expect(answer.text.length).toBeLessThan(1000);
    }
    const spread = await server.call(`POST ${route}`, {
      as: account.key,
      body: bodyOf(many(30, many(5000))),
    });
    expect(spread.status).toBe(413);
    expect(spread.text).toMatch(/more than 100,000 JSON values/);
  },
);

test('the refusal has the shape that each API has for a body that is too large', async () => {
  const list = many(10_001);
  const openai = await server.call('POST /v1/chat/completions', {
    as: account.key,
    body: `{${model},"messages":${list}}`,
  });
  expect(openai.json).toMatchObject({
    error_type: 'too_large',
    error: { type: 'too_large', param: 'messages' },
  });
  const anthropic = await server.call('POST /v1/messages', {
    as: account.key,
    body: `{${model},"max_tokens":5,"messages":${list}}`,
  });
  expect(anthropic.json).toMatchObject({ type: 'error', error: { type: 'request_too_large' } });
});

test('of very many problems a hundred are told, and how many there are', async () => {
  const body = `{"request":{${model},"messages":${many(9000)}}}`;
  const { status, json, text } = await server.call('POST /v1/jobs', { as: account.key, body });
  expect(status).toBe(422);
  expect(json.errors).toHaveLength(100);
  expect(json.errors_total).toBe(9000);
  expect(json.detail).toMatch(/and 8999 more problems/);
  expect(text.length).toBeLessThan(50_000);
});

test('the keys of an object and values that are asked for nothing count too', async () => {
  const keys = Array.from({ length: 10_001 }, (_, index) => `"k${index}":1`).join(',');
  const body = `{"request":{${model},"messages":[{"role":"user","content":"x","extra_content":{"openai":{${keys}}}}]}}`;
  const answer = await server.call('POST /v1/jobs', { as: account.key, body });
  expect([answer.status, answer.json.error.param]).toEqual([413, 'request.messages.0.extra_content.openai']);
});

test('a large body that is good is taken as a small one is', async () => {
  const { key } = await server.openAccount({ usd: '100' });
  const messages = Array.from({ length: 3000 }, () => ({ role: 'user', content: 'hello '.repeat(30) }));
  const body = { request: { model: 'openai/gpt-5-mini', messages, max_tokens: 5 } };
  const { status, json } = await server.call('POST /v1/jobs', { as: key, body });
  expect(status).toBe(202);
  const read = await server.call(`GET /v1/jobs/${json.id}`, { as: key });
  expect(read.json.request.messages).toHaveLength(3000);
  const wrong = { request: { ...body.request, messages: [...messages, { role: 'user', content: 5 }] } };
  const refused = await server.call('POST /v1/jobs', { as: key, body: wrong });
  expect([refused.status, refused.json.error.param]).toEqual([422, 'request.messages.3000.content']);
});

test.each(['/v1/keys', '/v1/jobs/cancel', '/v1/webhook_endpoints', '/v1/batches'])(
  '%s takes no body that would be long to read, however few values it holds',
  async (route) => {
    for (const value of [`"${'a'.repeat(1024 * 1024)}"`, '9'.repeat(15_000_000)]) {
      const answer = await server.call(`POST ${route}`, { as: account.key, body: `{"x":${value}}` });
      expect([answer.status, answer.json.error_type]).toEqual([413, 'too_large']);
    }
  },
);

test('jobs are cancelled by as many pairs of metadata as a job can have', async () => {
  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']));
  const cancel = (count: number) =>
    server.call('POST /v1/jobs/cancel', { as: account.key, body: { metadata: pairs(count) } });
  expect((await cancel(16)).status).toBe(202);
  expect((await cancel(17)).json.error.param).toBe('metadata');
});

test('a refusal repeats no more of what a client wrote than is needed to find it', async () => {
  const name = 'k'.repeat(500_000);
  const answers = [
    await server.call('POST /v1/jobs', { as: account.key, body: { [name]: 1, request: { [name]: 1 } } }),
    await server.call('POST /v1/responses', {
      as: account.key,
      body: { model: 'openai/gpt-5-mini', input: 'x', previous_response_id: name },
    }),
    await server.call('POST /v1/messages', { as: account.key, body: { [name]: 1 } }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([422, 404, 400]);
  for (const { text } of answers) expect(text.length).toBeLessThan(20_000);
});
