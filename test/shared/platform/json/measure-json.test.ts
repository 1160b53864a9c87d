import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonScan, measureJson, requestLimits } from '../../../../src/shared/platform/json/measure-json.ts';

const measure = (text: string, limits = requestLimits) => measureJson(Buffer.from(text), limits);

function count(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return 1 + Object.values(value).reduce((sum: number, item) => sum + count(item), 0);
}

test('counts the values that JSON.parse would make, whatever the text', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(measure(text)).toMatchObject({ values: count(JSON.parse(text)), excess: null });
    }),
  );
});

test('finds the same however the bytes come', () => {
  fc.assert(
    fc.property(fc.json(), fc.integer({ min: 1, max: 5 }), (text, size) => {
      const bytes = Buffer.from(`{"a":[${text},9007199254740993,"\\u0041"],"b":${text}}`);
      const scan = new JsonScan(requestLimits);
      for (let at = 0; at < bytes.length; at += size) scan.add(bytes.subarray(at, at + size));
      expect(scan.end()).toEqual(measureJson(bytes, requestLimits));
      expect(scan.end()).toMatchObject({ escapes: true, changesNumbers: true });
    }),
  );
});

test('what stands in a text is no value', () => {
  expect(measure(JSON.stringify({ a: '[1,2,{"b":"\\",,,"}]', 'k,[{"': 1 })).values).toBe(3);
});

test.each([
  ['an array', `{"request":{"messages":[${'1,'.repeat(10_000)}1]}}`, 'membersMax', 'request.messages'],
  ['an object', `{"a":[0,{${'"k":1,'.repeat(10_000)}"k":1}]}`, 'membersMax', 'a.1'],
  ['the whole', `[${`[${'{},'.repeat(9000)}{}],`.repeat(12)}0]`, 'valuesMax', '11.976'],
  ['nesting', '['.repeat(200_000), 'valuesMax', '0.0.0.0.0.0.0.0'],
])('stops at the first value too many of %s, and says where that is', (_what, text, kind, path) => {
  const { excess, values } = measure(text);
  expect(excess).toMatchObject({ kind, path });
  expect(values).toBeLessThanOrEqual(requestLimits.valuesMax + 1);
  expect(excess?.byte).toBeLessThan(text.length);
});

test('exactly as many as there may be are taken', () => {
  expect(measure(`[${'1,'.repeat(9999)}1]`).excess).toBeNull();
  expect(measure('[[1],[1,1]]', { valuesMax: 6, membersMax: 2 }).excess).toBeNull();
  expect(measure('[[1],[1,1]]', { valuesMax: 5, membersMax: 2 }).excess).not.toBeNull();
});

test.each([
  ['9007199254740993', true],
  ['9007199254740992', false],
  ['1e400', true],
  ['9e999', true],
  ['1e-400', true],
  ['0.1234567890123456789', true],
  ['0.30000000000000004', false],
  ['1.0', false],
  ['1.50e3', false],
  ['-0', false],
  ['100000000000000000000', false],
  ['"9007199254740993"', false],
])('tells whether JSON.parse would change %s', (token, changes) => {
  expect(measure(`{"a":[${token}]}`).changesNumbers).toBe(changes);
});

test('of text that is no JSON it neither fails nor goes on for ever', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(measureJson(bytes, requestLimits).values).toBeLessThan(300);
    }),
  );
});
