/** Bodies that the operation of this id accepts as they are, on an installation with the built-in models. */
const examples: Record<string, unknown> = {
  submitJob: {
    request: {
      model: 'openai/gpt-5-mini',
      messages: [{ role: 'user', content: 'Say hello.' }],
      max_tokens: 100,
    },
    priority: 'interactive',
    fallbacks: ['anthropic/claude-haiku-4-5'],
    metadata: { customer: 'c_17' },
  },
  estimateJob: {
    request: {
      model: 'openai/gpt-5-mini',
      messages: [{ role: 'user', content: 'Say hello.' }],
      max_tokens: 100,
    },
  },
  cancelJobs: { metadata: { customer: 'c_17' } },
  createChatCompletion: {
    model: 'openai/gpt-5-mini',
    messages: [{ role: 'user', content: 'Say hello.' }],
    max_tokens: 100,
  },
  createResponse: { model: 'openai/gpt-5-mini', input: 'Say hello.', max_output_tokens: 100 },
  createMessage: {
    model: 'anthropic/claude-haiku-4-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Say hello.' }],
  },
  countMessageTokens: {
    model: 'anthropic/claude-haiku-4-5',
    messages: [{ role: 'user', content: 'Say hello.' }],
  },
  createMessageBatch: {
    requests: [
      {
        custom_id: 'first',
        params: {
          model: 'anthropic/claude-haiku-4-5',
          max_tokens: 100,
          messages: [{ role: 'user', content: 'Say hello.' }],
        },
      },
    ],
  },
  createBatch: {
    input_file_id: 'file_00000000000000000000000000000000',
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  },
  estimateBatch: {
    input_file_id: 'file_00000000000000000000000000000000',
    endpoint: '/v1/chat/completions',
  },
  createKey: { scopes: ['read'] },
  createWebhookEndpoint: {
    name: 'Ended jobs',
    url: 'https://example.com/webhooks',
    event_types: ['job.succeeded', 'job.failed'],
  },
  updateWebhookEndpoint: { status: 'disabled' },
  rotateWebhookEndpointSecret: { keep_old_secret_active_for_24_hours: true },
  recoverWebhookEndpoint: { since: '2026-01-01T00:00:00Z' },
  testWebhookEndpoint: { event_type: 'job.succeeded' },
  createAccount: { name: 'Example', credit_usd: '10.00' },
  updateAccount: { weight: 2 },
  createCredit: { amount_usd: '25.00', description: 'invoice 17' },
  createAccountKey: { scopes: ['jobs'] },
};

/** The example of an operation's body; undefined for one without a body. */
export function exampleOf(operationId: string): unknown {
  return examples[operationId];
}
