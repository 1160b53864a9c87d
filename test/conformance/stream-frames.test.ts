import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { blocksWithoutData, linesOfNoVendor, sentBlocks } from '../support/sent-blocks.ts';

let gateway: Gateway;
let key: string;

beforeAll(async () => {
  gateway = await startGateway({});
  ({ key } = await gateway.openAccount('frames', '100'));
});
afterAll(() => gateway.close());

async function streamOf(path: string, body?: object): Promise<string> {
  const answer = await fetch(`${gateway.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  return await answer.text();
}

const messages = [{ role: 'user', content: 'tell me of rivers' }];

describe.each(['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'])(
  'every stream of the drop-in paths over %s',
  (model) => {
    test.each([
      ['chat completions', '/v1/chat/completions', { messages, max_tokens: 60 }],
      ['messages', '/v1/messages', { messages, max_tokens: 60 }],
      ['responses', '/v1/responses', { input: 'tell me of rivers', max_output_tokens: 60 }],
    ])('%s: only what the stream of its own API holds, and data in every block', async (_, path, body) => {
      const sent = await streamOf(path, { ...body, model, stream: true });
      expect(sentBlocks(sent).length).toBeGreaterThan(2);
      expect(blocksWithoutData(sent)).toEqual([]);
      expect(linesOfNoVendor(sent)).toEqual([]);
    });
  },
);

test('a call that breaks off in the middle says so in a block of its own', async () => {
  const failing = [{ role: 'user', content: 'rivers [[fault:cut at=2]]' }];
  const sent = await streamOf('/v1/chat/completions', {
    model: 'openai/gpt-5-mini',
    messages: failing,
    stream: true,
  });
  expect(sentBlocks(sent).at(-1)?.join()).toContain('"error"');
  expect(blocksWithoutData(sent)).toEqual([]);
  expect(linesOfNoVendor(sent)).toEqual([]);
});

test('a response that is replayed holds no other lines than the first time', async () => {
  const first = await streamOf('/v1/responses', {
    model: 'openai/gpt-5-mini',
    input: 'rivers',
    stream: true,
  });
  const [, id = ''] = /"id":"(resp_[^"]+)"/.exec(first) ?? [];
  const again = await streamOf(`/v1/responses/${id}?stream=true`);
  expect(again).toBe(first);
  expect(blocksWithoutData(again)).toEqual([]);
  expect(linesOfNoVendor(again)).toEqual([]);
});
