import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Document } from '../documented.ts';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let document: Document;
let key: string;
let fits: (path: string, body: unknown) => boolean;
beforeAll(async () => {
  server = await openTestServer();
  document = (await server.call('GET /openapi.json')).json as Document;
  ({ key } = await server.openAccount({ usd: '10' }));
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'document');
  fits = (path, body) => {
    const at = path.replaceAll('/', '~1');
    const pointer = `/paths/${at}/post/requestBody/content/application~1json/schema`;
    return ajv.validate({ $ref: `document#${pointer}` }, body);
  };
});
afterAll(() => server.close());

/** Whether a body is refused for its form by the gateway itself. */
async function refuses(path: string, body: unknown): Promise<boolean> {
  const { status } = await server.call(`POST ${path}`, { as: key, body });
  return [400, 422].includes(status);
}

const model = 'openai/gpt-5-mini';
const hello = { role: 'user', content: 'hello' };
const chat = { model, messages: [hello] };
const tools = [{ type: 'function', function: { name: 'look' } }];
const estimate = (fields: object) => ({ request: { ...chat, ...fields } });
const deep = (value: unknown) => ({ a: [{ b: value }] });
const tool = (parameters: unknown) => [{ type: 'function', function: { name: 'look', parameters } }];
const image = (url: string) => ({
  messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
});

describe('the document and the gateway refuse the same', () => {
  test.each([
    ['a tool that has to be called without tools', '/v1/estimates', estimate({ tool_choice: 'required' })],
    ['top_logprobs alone', '/v1/estimates', estimate({ top_logprobs: 2 })],
    ['two bounds', '/v1/estimates', estimate({ max_tokens: 5, max_completion_tokens: 6 })],
    ['NUL in free JSON', '/v1/estimates', estimate({ tools: tool(deep('a\0')) })],
    ['NUL in a name', '/v1/estimates', estimate({ tools: tool(deep({ 'a\0': 1 })) })],
    ['a name of prototypes', '/v1/estimates', estimate({ tools: tool(JSON.parse('{"__proto__":1}')) })],
    ['an image that is none', '/v1/estimates', estimate(image('ftp://example.com'))],
    ['an image that is no base64', '/v1/estimates', estimate(image('data:image/png;base64,ab*c'))],
    ['NUL in an image', '/v1/estimates', estimate(image('https://example.com/\0'))],
    ['a webhook over http', '/v1/estimates', { ...estimate({}), webhook_url: 'http://example.com' }],
    ['a webhook inside', '/v1/estimates', { ...estimate({}), webhook_url: 'https://10.0.0.1/' }],
    ['a webhook at a port', '/v1/estimates', { ...estimate({}), webhook_url: 'https://example.com:25/' }],
    ['a webhook just below', '/v1/estimates', { ...estimate({}), webhook_url: 'https://example.com:1023/' }],
    ['a webhook with a name', '/v1/estimates', { ...estimate({}), webhook_url: 'https://a@example.com/' }],
    [
      'a response that is not kept and in the background',
      '/v1/responses',
      { model, input: 'hello', background: true, store: false },
    ],
    ['a response without its tool', '/v1/responses', { model, input: 'hello', tool_choice: 'required' }],
    [
      'a message of a thread',
      '/v1/messages/count_tokens',
      { model: 'anthropic/claude-haiku-4-5', messages: [hello], thread: 'th_1' },
    ],
    [
      'a message without its tool',
      '/v1/messages/count_tokens',
      { model: 'anthropic/claude-haiku-4-5', messages: [hello], tool_choice: { type: 'any' } },
    ],
  ])('%s', async (_what, path, body) => {
    expect([fits(path, body), await refuses(path, body)]).toEqual([false, true]);
  });
});

describe('the document and the gateway take the same', () => {
  test.each([
    ['a tool that has to be called', '/v1/estimates', estimate({ tools, tool_choice: 'required' })],
    ['no tools, and none to be called', '/v1/estimates', estimate({ tools: [], tool_choice: 'none' })],
    [
      'a refusal',
      '/v1/estimates',
      estimate({ messages: [hello, { role: 'assistant', refusal: 'no' }, hello] }),
    ],
    ['free JSON', '/v1/estimates', estimate({ tools: tool({ properties: deep([null, 'b', 1.5]) }) })],
    ['one bound', '/v1/estimates', estimate({ max_tokens: 5, max_completion_tokens: null })],
    ['a webhook', '/v1/estimates', { ...estimate({}), webhook_url: 'https://a.example.com:8443/b?c=d' }],
    ['a webhook just above', '/v1/estimates', { ...estimate({}), webhook_url: 'https://example.com:1024/' }],
    [
      'a message',
      '/v1/messages/count_tokens',
      { ...chat, messages: [{ role: 'system', content: 'a' }, hello] },
    ],
  ])('%s', async (_what, path, body) => {
    expect([fits(path, body), await refuses(path, body)]).toEqual([true, false]);
  });
});
