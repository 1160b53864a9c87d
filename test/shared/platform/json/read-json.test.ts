import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readJson } from '../../../../src/shared/platform/json/read-json.ts';
import { isVerbatim, verbatim, writeJson } from '../../../../src/shared/platform/json/verbatim.ts';

const long =
  '{"id":2512292042121000001,"b":[1e400,-0.12345678901234567891,{"m":9223372036854775807}],"t":"1e400, 2512292042121000001"}';

test('numbers with more digits than JavaScript holds come out as they went in', () => {
  expect(writeJson(readJson(long))).toBe(long);
});

test('everything else is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(readJson(text)).toEqual(JSON.parse(text));
      expect(writeJson(readJson(text))).toBe(text);
    }),
  );
  expect(() => readJson('{12345678901234567890:1}')).toThrow(SyntaxError);
  expect(() => readJson('[01234567890123456789]')).toThrow(SyntaxError);
});

test('copies of what holds them hold them too', () => {
  const { id, ...rest } = readJson(long) as Record<string, unknown>;
  expect(isVerbatim(id)).toBe(true);
  expect(writeJson({ id, ...rest })).toBe(long);
});

test('a document that was stored is written as it is', () => {
  expect(writeJson({ request: verbatim('{"a" : 1.0}'), n: 1 })).toBe('{"request":{"a" : 1.0},"n":1}');
  expect(JSON.stringify({ request: verbatim('{"a" : 1.0}') })).toBe('{"request":{"a":1}}');
});
