import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestAccount, type TestServer } from '../test-server.ts';

let server: TestServer;
let account: TestAccount;
beforeAll(async () => {
  server = await openTestServer();
  account = await server.openAccount({ usd: '100' });
});
afterAll(() => server.close());

const schema = '{"type":"object","properties":{"id":{"maximum":9223372036854775807,"far":1e400}}}';
const tools = `[{"type":"function","function":{"name":"f","parameters":${schema}}}]`;
const post = (route: string, body: string) => server.call(`POST ${route}`, { as: account.key, body });

test('a schema is kept and shown digit by digit', async () => {
  const request = `{"model":"openai/gpt-5-mini","max_tokens":5,"messages":[{"role":"user","content":"x"}],"tools":${tools}}`;
  const { json } = await post('/v1/jobs', `{"request":${request}}`);
  const [row] = await server.owner<{ request: string }[]>`
    select request from job_requests where job_id = ${json.id}`;
  expect(row?.request).toContain(schema);
  const read = await server.call(`GET /v1/jobs/${json.id}`, { as: account.key });
  expect(read.text).toContain(schema);
});

test('a response repeats its tools digit by digit', async () => {
  const tool = `{"type":"function","name":"f","parameters":${schema}}`;
  const body = `{"model":"openai/gpt-5-mini","background":true,"input":"x","tools":[${tool}]}`;
  const made = await post('/v1/responses', body);
  expect(made.text).toContain(schema);
  const read = await server.call(`GET /v1/responses/${made.json.id}`, { as: account.key });
  expect(read.text).toContain(schema);
});

test('the input of a tool call in the history becomes arguments with its digits', async () => {
  const call = '{"type":"tool_use","id":"t","name":"f","input":{"id":2512292042121000001}}';
  const messages = `[{"role":"user","content":"x"},{"role":"assistant","content":[${call}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"1e400"}]}]`;
  const body = `{"requests":[{"custom_id":"a","params":{"model":"openai/gpt-5-mini","max_tokens":5,"messages":${messages}}}]}`;
  const { status, json } = await post('/v1/messages/batches', body);
  expect(status).toBe(200);
  const [row] = await server.owner<{ text: string }[]>`
    select convert_from(c.bytes, 'UTF8') as text from file_chunks c
    join batches b on b.input_file_id = c.file_id where b.id = ${json.id}`;
  expect(row?.text).toContain('"input":{"id":2512292042121000001}');
});

test.each([
  ['"temperature":0.12345678901234567891', 'request.temperature'],
  ['"max_tokens":1e400', 'request.max_tokens'],
  ['"seed":9007199254740993', 'request.seed'],
  ['"user":12345678901234567890', 'request.user'],
  ['"stop":12345678901234567890', 'request.stop'],
])('a field of our own refuses a number it would change: %s', async (field, param) => {
  const request = `{"model":"openai/gpt-5-mini","messages":[{"role":"user","content":"x"}],${field}}`;
  const { status, json } = await post('/v1/jobs', `{"request":${request}}`);
  expect([status, json.error.param]).toEqual([422, param]);
  expect(json.detail).toMatch(/more digits than can be kept/);
});

test.each(['"temperature":1.0', '"temperature":1e0', '"temperature":0.30000000000000004', '"top_p":-0.0'])(
  'a number that is worth the same is taken: %s',
  async (field) => {
    const request = `{"model":"openai/gpt-4.1-mini","max_tokens":5,"messages":[{"role":"user","content":"x"}],${field}}`;
    expect((await post('/v1/jobs', `{"request":${request}}`)).status).toBe(202);
  },
);
