import { expect, test } from 'vitest';
import { toResponse } from '../../../../src/shared/formats/openai-responses/response-object.ts';
import { responsesSchema } from '../../../../src/shared/formats/openai-responses/response-request.ts';

const respond = (body: object) =>
  toResponse({
    id: 'resp_1',
    createdAt: new Date(0),
    completedAt: null,
    model: 'openai/gpt-5-mini',
    status: 'in_progress',
    error: null,
    completion: null,
    body: responsesSchema.parse({ model: 'gpt-5-mini', input: 'hi', ...body }),
  }) as unknown as Record<string, unknown>;

/** What `ResponseResource` of Open Responses and `Response` of the SDK (openai 7.59.0) require. */
const required = {
  id: 'resp_1',
  object: 'response',
  access_programs: null,
  background: false,
  completed_at: null,
  created_at: 0,
  error: null,
  frequency_penalty: 0,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  model: 'openai/gpt-5-mini',
  output: [],
  parallel_tool_calls: true,
  presence_penalty: 0,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  status: 'in_progress',
  store: true,
  temperature: 1,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  usage: null,
};

/** What the SDK has besides, and a live answer of the vendor's too. */
const besides = { conversation: null, prompt: null, prompt_cache_retention: null, user: null };

test('a response has every field that its schema requires', () => {
  expect(respond({})).toEqual({ ...required, ...besides });
});

test('null is what was left out', () => {
  const nulls = { temperature: null, top_p: null, store: null, tools: null, metadata: null, text: null };
  expect(respond(nulls)).toEqual({ ...required, ...besides });
});

test.each([
  ['prompt_cache_key', 'a'],
  ['safety_identifier', 'b'],
  ['temperature', 0.5],
  ['max_output_tokens', 100],
  ['instructions', 'Be brief'],
  ['store', false],
])('what was asked for is repeated: %s', (name, value) => {
  expect(respond({ [name]: value })[name]).toEqual(value);
});

test('a function and a schema have each of their fields', () => {
  const tools = [
    { type: 'function', name: 'bare' },
    { type: 'function', name: 'full', description: 'd', parameters: { type: 'object' }, strict: true },
  ];
  expect(respond({ tools })['tools']).toEqual([
    { type: 'function', name: 'bare', description: null, parameters: null, strict: null },
    tools[1],
  ]);
  const format = { type: 'json_schema', name: 'a', schema: { type: 'object' } };
  expect(respond({ text: { format, verbosity: 'low' } })['text']).toEqual({
    format: { ...format, description: null, strict: null },
    verbosity: 'low',
  });
});
