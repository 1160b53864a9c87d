import { expect, test } from 'vitest';
import { parseLine } from '../../../src/shared/batches/parse-line.ts';

const line = { custom_id: 'a', method: 'POST', url: '/v1/responses', body: {} };

const parse = (change: object) =>
  parseLine({ line: 1, bytes: Buffer.from(JSON.stringify({ ...line, ...change })) }, '/v1/responses');

test('a custom_id of 512 characters is taken', () => {
  expect(parse({ custom_id: 'x'.repeat(512) })).toMatchObject({ customId: 'x'.repeat(512) });
});

test.each<[string, unknown, string]>([
  ['is not there', undefined, 'missing_custom_id'],
  ['is empty', '', 'missing_custom_id'],
  ['is too long', 'x'.repeat(513), 'invalid_custom_id'],
  ['cannot be stored', 'a\u0000b', 'invalid_custom_id'],
])('a custom_id that %s is told as that', (_what, customId, code) => {
  expect(parse({ custom_id: customId })).toMatchObject({ code, line: 1, param: 'custom_id' });
});

test('a line whose bytes are left out is told its bound', () => {
  expect(parseLine({ line: 7, bytes: null }, '/v1/responses')).toMatchObject({
    code: 'invalid_json_line',
    line: 7,
    message: 'This line is longer than 20 MiB.',
  });
});
