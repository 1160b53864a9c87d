import { expect, test } from 'vitest';
import { responsesShape } from '../../../src/shared/requests/response-request.ts';
import { problemsOf } from '../../../src/shared/requests/zod-problems.ts';

const problems = (more: object) => {
  const read = responsesShape.safeParse({ model: 'gpt-5-mini', input: 'hello', ...more });
  return read.success ? [] : problemsOf(read.error).map(({ param }) => param);
};

test('metadata has as many pairs as anywhere', () => {
  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
  expect(problems({ metadata: pairs(16) })).toEqual([]);
  expect(problems({ metadata: pairs(17) })).toEqual(['metadata']);
});
