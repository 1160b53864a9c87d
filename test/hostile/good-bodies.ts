import type { Stock } from './stock.ts';

/** In every text a client would call its own; it may be in no line of the log. */
export const promptCanary = 'quoll-canary';

const model = 'openai/gpt-5-mini';
const claude = 'anthropic/claude-haiku-4-5';
/** Nobody listens there, and it is known at once. */
const deafUrl = 'http://127.0.0.1:9/hook';
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const schema = { type: 'object', properties: { position: { type: 'string', enum: ['here', 'there'] } } };

const chat = {
  model: 'openai/gpt-4o-mini',
  messages: [
    { role: 'system', content: `Be short, ${promptCanary}.`, name: 'house' },
    {
      role: 'user',
      content: [
        { type: 'text', text: `Where is the ${promptCanary}?` },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}`, detail: 'low' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'find', arguments: `{"of":"${promptCanary}"}` } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: `under the tree, ${promptCanary}` },
  ],
  max_tokens: 16,
  temperature: 0.5,
  top_p: 0.9,
  n: 1,
  stop: ['END'],
  seed: 7,
  presence_penalty: 0.1,
  frequency_penalty: 0.1,
  logit_bias: { '50256': -100 },
  logprobs: true,
  top_logprobs: 2,
  tools: [
    {
      type: 'function',
      function: { name: 'find', description: `Finds a ${promptCanary}`, parameters: schema, strict: false },
    },
  ],
  tool_choice: 'auto',
  response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: false } },
  user: promptCanary,
  metadata: { topic: promptCanary },
};

const message = {
  model: claude,
  max_tokens: 16,
  system: [{ type: 'text', text: `Be short, ${promptCanary}.`, cache_control: { type: 'ephemeral' } }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: `Where is the ${promptCanary}?` },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } },
      ],
    },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'find', input: { of: 1 } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: promptCanary }] },
  ],
  stop_sequences: ['END'],
  temperature: 0.5,
  tools: [{ name: 'find', description: `Finds a ${promptCanary}`, input_schema: schema }],
  tool_choice: { type: 'auto' },
  metadata: { user_id: promptCanary },
};

const response = {
  model,
  input: [
    { role: 'user', content: [{ type: 'input_text', text: `Where is the ${promptCanary}?` }] },
    { type: 'function_call', call_id: 'call_1', name: 'find', arguments: '{}' },
    { type: 'function_call_output', call_id: 'call_1', output: `there, ${promptCanary}` },
  ],
  instructions: `Be short, ${promptCanary}.`,
  max_output_tokens: 16,
  reasoning: { effort: 'low' },
  text: { format: { type: 'json_schema', name: 'answer', schema, strict: false }, verbosity: 'low' },
  tools: [{ type: 'function', name: 'find', description: 'Finds', parameters: schema, strict: false }],
  tool_choice: 'auto',
  store: true,
  background: false,
  metadata: { topic: promptCanary },
  user: promptCanary,
};

const job = {
  request: chat,
  priority: 'interactive',
  stream: false,
  run_at: '2026-01-01T00:00:00Z',
  expires_in_seconds: 3600,
  max_attempts: 1,
  fallbacks: [model],
  webhook_url: deafUrl,
  webhook_payload: 'thin',
  metadata: { topic: promptCanary },
};

/** A body that is taken, with as many of its fields as go together, for every route that has one. */
export function goodBodies(stock: Stock): Record<string, unknown> {
  const key = { scopes: ['read'], expires_at: '2100-01-01T00:00:00Z' };
  return {
    'POST /v1/jobs': job,
    'POST /v1/estimates': { ...job, request: { ...chat, messages: chat.messages.slice(0, 2) } },
    'POST /v1/jobs/cancel': { batch_id: stock.batchId, metadata: { topic: 'no job has this' } },
    'POST /v1/chat/completions': {
      ...chat,
      stream: true,
      stream_options: { include_usage: true },
    },
    'POST /v1/responses': response,
    'POST /v1/messages': message,
    'POST /v1/messages/count_tokens': {
      ...message,
      max_tokens: undefined,
      stop_sequences: undefined,
      temperature: undefined,
      metadata: undefined,
    },
    'POST /v1/messages/batches': { requests: [{ custom_id: 'one', params: message }] },
    'POST /v1/batches': {
      input_file_id: stock.fileId,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      metadata: { topic: promptCanary, webhook_url: deafUrl },
      output_expires_after: { anchor: 'created_at', seconds: 3600 },
    },
    'POST /v1/batches/estimate': { input_file_id: stock.fileId, endpoint: '/v1/chat/completions' },
    'POST /v1/keys': key,
    'POST /v1/webhook_endpoints': { name: promptCanary, url: deafUrl, event_types: ['job.succeeded'] },
    'POST /v1/webhook_endpoints/:id': {
      name: promptCanary,
      url: deafUrl,
      event_types: ['job.succeeded'],
      status: 'enabled',
    },
    'POST /v1/webhook_endpoints/:id/rotate_secret': { keep_old_secret_active_for_24_hours: false },
    'POST /v1/webhook_endpoints/:id/recover': { since: '2026-01-01T00:00:00Z' },
    'POST /v1/webhook_endpoints/:id/test': { event_type: 'job.succeeded' },
    'POST /v1/admin/accounts': { name: promptCanary, credit_usd: '1.000000001' },
    'PATCH /v1/admin/accounts/:id': {
      name: promptCanary,
      paused: false,
      weight: 2,
      max_concurrency: 5,
      max_queue_depth: 100,
      requests_per_minute: 10_000_000,
      default_max_output_tokens: 100,
    },
    'POST /v1/admin/accounts/:id/credits': { amount_usd: '0.5', description: promptCanary },
    'POST /v1/admin/accounts/:id/keys': key,
  };
}

/** A query that is taken, for every route that has one. */
export function goodQueries(stock: Stock): Record<string, Record<string, string>> {
  return {
    'GET /v1/jobs': { status: 'succeeded', 'metadata.topic': promptCanary },
    'GET /v1/jobs/:id': { wait: '1' },
    'GET /v1/events': { jobs: stock.jobId, starting_after: '0' },
    'GET /v1/jobs/:id/events': { starting_after: '0' },
    'GET /v1/responses/:id': { stream: 'true', starting_after: '0' },
    'GET /v1/responses/:id/input_items': { limit: '2', order: 'asc' },
    'GET /v1/files': { purpose: 'batch', order: 'asc' },
    'GET /v1/usage': { from: '2026-01-01', group_by: 'metadata.topic' },
    'GET /v1/deliveries': { job_id: stock.jobId },
    'GET /v1/admin/jobs': { account_id: stock.tenantId },
  };
}
