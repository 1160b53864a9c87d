import { expect, it } from 'vitest';
import { sampleJson } from '../../../tools/simulator/sample-json.ts';

it.each<[schema: object, value: unknown]>([
  [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'x'],
  [{ oneOf: [{ type: 'null' }, { type: 'string' }] }, null],
  [{ allOf: [{ $ref: '#/$defs/A' }], $defs: { A: { type: 'integer' } } }, 1],
  [{ type: 'array', items: { anyOf: [{ type: 'integer' }] } }, [1]],
  [{ type: 'object', anyOf: [{ required: ['a'] }], required: ['b'] }, { b: 'x' }],
])('answers %j with the smallest value that fits', (schema, value) => {
  expect(sampleJson(schema, 'x')).toEqual(value);
});
