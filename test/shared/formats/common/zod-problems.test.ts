import { expect, test } from 'vitest';
import { z } from 'zod';
import { problemsOf } from '../../../../src/shared/formats/common/zod-problems.ts';

const problems = (schema: z.ZodType, value: unknown) => {
  const result = schema.safeParse(value);
  return result.success ? [] : problemsOf(result.error);
};

test('a path is written as the caller wrote it', () => {
  const schema = z.strictObject({
    request: z.strictObject({ messages: z.array(z.object({ content: z.string() })) }),
  });
  expect(problems(schema, { request: { messages: [{ content: 'a' }, { content: 5 }] } })).toEqual([
    { param: 'request.messages.1.content', message: 'expected string, received number' },
  ]);
  expect(problems(schema, { request: { messages: [{}], temprature: 1 } })).toEqual([
    { param: 'request.messages.0.content', message: 'is required', kind: 'missing' },
    {
      param: 'request.temprature',
      message: 'is not a known field; remove it or correct its name',
      kind: 'unknown',
    },
  ]);
});

test('of a union the branch that came closest is told', () => {
  const part = z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text'), text: z.string() }),
    z.strictObject({ type: z.literal('image'), url: z.string() }),
  ]);
  const content = z.union([z.string(), z.array(part)]);
  expect(problems(z.object({ content }), { content: [{ type: 'text' }] })).toEqual([
    { param: 'content.0.text', message: 'is required', kind: 'missing' },
  ]);
  expect(problems(z.object({ content }), { content: [{ type: 'audio' }] })[0]?.param).toBe('content.0.type');
});

test('keys and values of a record have their path', () => {
  const schema = z.object({ metadata: z.record(z.string().max(3), z.string()) });
  expect(problems(schema, { metadata: { toolong: 'x' } })[0]?.param).toBe('metadata.toolong');
  expect(problems(schema, { metadata: { k: 1 } })[0]?.param).toBe('metadata.k');
});
