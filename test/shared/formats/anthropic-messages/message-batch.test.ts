import { expect, test } from 'vitest';
import { Refusal } from '../../../../src/shared/errors.ts';
import { readMessageBatch } from '../../../../src/shared/formats/anthropic-messages/message-batch.ts';

const one = { custom_id: 'a', params: { model: 'm', max_tokens: 1, messages: [] } };
const read = (text: string) => readMessageBatch(Buffer.from(text));
const linesOf = (text: string) =>
  Buffer.concat(read(text).pieces)
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

function refusalOf(text: string): Refusal {
  try {
    read(text);
  } catch (error) {
    if (error instanceof Refusal) return error;
  }
  throw new Error('it was taken');
}

test('each request becomes a line, however the body is written', () => {
  const requests = [one, { ...one, custom_id: 'b', params: { text: 'two\nlines, "quoted", {' } }];
  for (const indent of [0, 2]) {
    const text = `\uFEFF${JSON.stringify({ requests }, null, indent)}`.replaceAll('\n', '\r\n');
    expect(read(text).requests).toBe(2);
    expect(linesOf(text)).toEqual(
      requests.map(({ custom_id, params }) => ({
        custom_id,
        method: 'POST',
        url: '/v1/messages',
        body: params,
      })),
    );
  }
});

test('fifty thousand requests are taken, and not one more', () => {
  const many = (count: number) =>
    JSON.stringify({
      requests: Array.from({ length: count }, (_, index) => ({ ...one, custom_id: `c${index}` })),
    });
  expect(read(many(50_000)).requests).toBe(50_000);
  expect(refusalOf(many(50_001)).extras.problems).toEqual([
    { param: 'requests', message: 'must have at most 50000 requests' },
  ]);
});

test('a request that holds too much is kept for whoever validates it, and the body is taken', () => {
  const params = `{"messages":[${'1,'.repeat(20_000)}1]}`;
  const { requests } = read(`{"requests":[{"custom_id":"a","params":${params}}]}`);
  expect(requests).toBe(1);
});

test.each([
  ['an empty list', '{"requests":[]}', 422, 'requests'],
  ['no list', '{}', 422, 'requests'],
  ['something else', '{"requests":{"a":1}}', 422, 'requests'],
  ['no object', '[]', 422, ''],
  ['another field', `{"requests":[${JSON.stringify(one)}],"x":1}`, 422, 'x'],
  ['a request without params', '{"requests":[{"custom_id":"a"}]}', 422, 'requests.0.params'],
  ['params that are none', '{"requests":[{"custom_id":"a","params":[]}]}', 422, 'requests.0.params'],
  ['a custom_id twice', JSON.stringify({ requests: [one, one] }), 422, 'requests.1.custom_id'],
  ['a bad custom_id', '{"requests":[{"custom_id":"ä","params":{}}]}', 422, 'requests.0.custom_id'],
  ['broken params', '{"requests":[{"custom_id":"a","params":{"a":}}]}', 400, 'requests.0.params'],
  ['a broken list', '{"requests":[{"custom_id":"a","params":{}},]}', 400, 'requests'],
  ['NUL', '{"requests":[{"custom_id":"a","params":{"t":"\\u0000"}}]}', 400, 'requests.0.params'],
  ['values without end', `{"requests":[${'1,'.repeat(9_900_000)}1]}`, 422, 'requests'],
  ['values without end elsewhere', `{"a":[${'[1,1,1,1],'.repeat(400_000)}1]}`, 413, 'a'],
])('%s is refused by its place', (_what, text, status, param) => {
  const refusal = refusalOf(text);
  expect(refusal.extras.param).toBe(param);
  const statuses = { validation_error: 422, too_large: 413, invalid_json: 400 } as Record<string, number>;
  expect(statuses[refusal.type]).toBe(status);
});
