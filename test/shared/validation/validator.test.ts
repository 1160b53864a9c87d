import { afterAll, expect, test } from 'vitest';
import { loadCatalogue } from '../../../src/shared/catalogue/catalogue.ts';
import { createValidator } from '../../../src/shared/validation/validator.ts';

const validator = createValidator(
  { webhooks: { allowPrivate: false, retrySeconds: [1] }, modelsFile: null, providersFile: null },
  {
    catalogue: loadCatalogue(),
    providers: [
      {
        name: 'openai',
        kind: 'openai',
        baseUrl: 'http://127.0.0.1:9/v1',
        apiKey: null,
        simulated: true,
        requestsPerMinute: null,
        tokensPerMinute: null,
        maxConcurrency: null,
      },
    ],
  },
);
afterAll(() => validator.stop());

const owner = {
  accountId: 'acct_1',
  defaultMaxOutputTokens: null,
  endpoint: '/v1/chat/completions' as const,
};
const lineOf = (line: number, content: unknown) => {
  const body = { model: 'gpt-5-mini', messages: [{ role: 'user', content }] };
  const text = JSON.stringify({ custom_id: `c${line}`, method: 'POST', url: '/v1/chat/completions', body });
  return { line, bytes: Buffer.from(text) };
};

test('lines are validated alike here and in a thread', async () => {
  const small = [lineOf(1, 'hello'), lineOf(2, 5), { line: 3, bytes: Buffer.from('no JSON') }];
  const [first, second, third] = await validator.lines(small, owner);
  expect(first).toMatchObject({ line: 1, refusal: null });
  expect(second).toMatchObject({ line: 2, job: null });
  expect(third).toMatchObject({ code: 'invalid_json_line' });
  const padded = [...small, lineOf(4, 'x'.repeat(100_000))];
  const large = await validator.lines(padded, owner);
  const known = (line: unknown) =>
    JSON.stringify(line, (key, value) => (/Id$|At$|reply/.test(key) ? 0 : String(value)));
  expect(large.slice(0, 3).map(known)).toEqual([first, second, third].map(known));
  expect(large[3]).toMatchObject({ line: 4, refusal: null, job: { holdNano: expect.any(BigInt) } });
});

test('a line of ten million values is refused by itself, and the lines beside it stand', async () => {
  const many = Buffer.from(
    `{"custom_id":"c1","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-5-mini","messages":[${'1,'.repeat(9_899_999)}1]}}`,
  );
  const [poison, good] = await validator.lines([{ line: 1, bytes: many }, lineOf(2, 'hello')], owner);
  expect(poison).toMatchObject({
    customId: 'c1',
    job: null,
    refusal: {
      type: 'too_large',
      param: 'messages',
      message: expect.stringMatching(/more than 10,000 members/),
    },
  });
  expect(good).toMatchObject({ line: 2, refusal: null });
});
