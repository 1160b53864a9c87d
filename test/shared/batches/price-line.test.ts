import { expect, test } from 'vitest';
import { priceLine } from '../../../src/shared/batches/price-line.ts';
import type { BatchEndpointName } from '../../../src/shared/batches/rules/batch.ts';
import { loadCatalogue } from '../../../src/shared/catalogue/catalogue.ts';

const deps = {
  catalogue: loadCatalogue(),
  providers: new Map(['openai', 'anthropic'].map((name) => [name, { simulated: true }])),
  webhooks: { allowPrivate: false },
};
const messages = [{ role: 'user', content: 'hello' }];

function refusalOf(endpoint: BatchEndpointName, body: unknown) {
  const owner = { accountId: 'a', defaultMaxOutputTokens: null, endpoint };
  return priceLine(deps, owner, { line: 1, customId: 'c', body, escapes: false }).refusal;
}

test.each<[BatchEndpointName, object, string]>([
  ['/v1/chat/completions', { model: 'gpt-5-mini', messages, max_tokens: 9_000_000 }, 'max_tokens'],
  [
    '/v1/responses',
    { model: 'gpt-5-mini', input: 'hello', max_output_tokens: 9_000_000 },
    'max_output_tokens',
  ],
  [
    '/v1/responses',
    { model: 'claude-haiku-4-5', input: 'hello', text: { verbosity: 'low' } },
    'text.verbosity',
  ],
  [
    '/v1/messages',
    { model: 'gpt-4.1', max_tokens: 3000, messages, thinking: { type: 'enabled', budget_tokens: 1024 } },
    'output_config.effort',
  ],
  [
    '/v1/messages',
    { model: 'gpt-5-mini', max_tokens: 10, messages, stop_sequences: ['a', 'b', 'c', 'd', 'e'] },
    'stop_sequences',
  ],
])('what cannot be done is refused under the name the line of %s gave it', (endpoint, body, param) => {
  expect(refusalOf(endpoint, body)).toMatchObject({
    type: 'validation_error',
    param,
    message: expect.stringMatching(`^${param}: `),
  });
});

test('a line without a body is told what is missing', () => {
  const refusal = refusalOf('/v1/chat/completions', undefined);
  expect(refusal).toMatchObject({ message: 'the body must be a JSON object' });
});
