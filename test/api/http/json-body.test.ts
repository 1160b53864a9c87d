import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminKey, openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
  server.app.inject({
    method: 'POST',
    url: '/v1/admin/accounts',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json', ...headers },
    payload: body,
  });

test.each([
  ['text that ends too early', '{"name":"a"', 'The body is not valid JSON: it ends too early', null],
  ['a comma too many', '{"name":"a",}', /unexpected text at position 12/, null],
  ['NUL in a value', '{"name":"a\\u0000b"}', /^name holds a NUL character/, 'name'],
  ['NUL in a list', '{"a":[{"b":["x","\\u0000"]}]}', /^a\.0\.b\.1 holds a NUL/, 'a.0.b.1'],
  ['NUL in a key', '{"a":{"x\\u0000":1}}', /^a has a key that holds a NUL/, 'a'],
  ['half a surrogate pair', '{"name":"\\ud800"}', /^name holds half of a surrogate pair/, 'name'],
  ['the other half', '{"name":"\\udc00\\ud800"}', /^name holds half of a surrogate pair/, 'name'],
  ['__proto__', '{"__proto__":{"a":1}}', /__proto__ is a name that may not be used/, '__proto__'],
  ['an escaped __proto__', '{"a":{"__pro\\u0074o__":1}}', /a\.__proto__ is a name/, 'a.__proto__'],
  [
    'a prototype by the constructor',
    '{"constructor":{"prototype":{}}}',
    /^constructor is a name/,
    'constructor',
  ],
])('refuses %s with 400 and names the place', async (_what, body, message, param) => {
  const answer = await post(body);
  expect(answer.statusCode).toBe(400);
  const problem = answer.json();
  expect(problem.error_type).toBe('invalid_json');
  expect(problem.detail).toMatch(message);
  expect(problem.error.param).toBe(param);
});

test('refuses what is not UTF-8', async () => {
  const answer = await post(Buffer.from([0x22, 0xff, 0x22]));
  expect(answer.statusCode).toBe(400);
  expect(answer.json().detail).toBe('The body is not valid UTF-8');
});

test('takes 64 levels and no more', async () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  expect((await post(nested(64))).statusCode).toBe(422);
  expect((await post(nested(65))).json().detail).toMatch(/nested more than 64 levels/);
  expect((await post(nested(40_000))).statusCode).toBe(400);
});

test('a byte order mark is no fault', async () => {
  expect((await post('\uFEFF{"name":"with a mark"}')).statusCode).toBe(201);
});

test('names every field that is wrong', async () => {
  const answer = await post('{"id":"a\\u0007","credit_usd":"1.2.3","nmae":"x"}');
  expect(answer.statusCode).toBe(422);
  const problem = answer.json();
  expect(problem.errors.map((error: { param: string }) => error.param).sort()).toEqual([
    'credit_usd',
    'id',
    'name',
    'nmae',
  ]);
  expect(answer.headers['x-should-retry']).toBe('false');
});

test('an empty body is refused where one is needed', async () => {
  const answer = await post('');
  expect(answer.statusCode).toBe(422);
  expect(answer.json().detail).toBe('the body must be a JSON object');
});

test('refuses other content types and bodies that are too large', async () => {
  const other = await post('{}', { 'content-type': 'text/plain' });
  expect([other.statusCode, other.json().error_type]).toEqual([415, 'unsupported_media_type']);
  const tab = await post('{}', { 'content-type': 'application/json\ta' });
  expect(tab.statusCode).toBe(415);
  const large = await post(JSON.stringify({ name: 'x'.repeat(100_001) }));
  expect([large.statusCode, large.json().error_type]).toEqual([413, 'too_large']);
});

test('text comes back byte for byte', async () => {
  const names = [
    '<script>alert(1)</script>',
    "Robert'); drop table accounts;--",
    'select * from users where 1=1',
    '\u202Eright to left \u200B zero width',
    '😀 ÅΩ 漢字 \uFFFD \u0001 \\u0000 \\',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the attack, not a template
    '${jndi:ldap://x} {{7*7}} %00 %s',
  ];
  for (const name of names) {
    const answer = await post(JSON.stringify({ name }));
    expect(answer.statusCode).toBe(201);
    const { id } = answer.json();
    const read = await server.call(`GET /v1/admin/accounts/${id}`, { as: adminKey });
    expect(read.json.name).toBe(name);
    const body = { amount_usd: '1', description: name };
    const credit = await server.call(`POST /v1/admin/accounts/${id}/credits`, { as: adminKey, body });
    expect(credit.json.description).toBe(name);
  }
});
