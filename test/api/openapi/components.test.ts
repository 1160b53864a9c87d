import { expect, test } from 'vitest';
import { z } from 'zod';
import { documentedAs, excluding } from '../../../src/api/openapi/components.ts';
import { createJsonSchemas } from '../../../src/api/openapi/to-json-schema.ts';

test('a schema is described once, since its description goes wherever it stands', () => {
  const shared = documentedAs(z.string(), { type: 'string', pattern: '^a$' });
  expect(() => documentedAs(shared, { type: 'string', pattern: '^b$' })).toThrow(/described twice/);
});

test('what rules between fields refuse stands in the document of requests, not of answers', () => {
  const wrong = [{ required: ['a'] }, { required: ['b'] }];
  const schema = excluding(z.object({ a: z.string().optional(), b: z.string().optional() }), ...wrong);
  expect(createJsonSchemas().convert(schema, 'input')['not']).toEqual({ anyOf: wrong });
  expect(createJsonSchemas().convert(schema, 'output')['not']).toBeUndefined();
});
