import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../../tools/simulator/server.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
});
afterAll(() => simulator.close());

const client = () => new OpenAI({ apiKey: 'x', baseURL: `${simulator.url}/v1`, maxRetries: 0 });
const weather = { type: 'function' as const, name: 'get_weather', parameters: {}, strict: false };
const thinking = {
  model: 'gpt-5.4',
  store: false,
  include: ['reasoning.encrypted_content' as const],
  reasoning: { summary: 'auto' as const },
};

it('streams the answer that it gives whole', async () => {
  const body = { ...thinking, input: 'get_weather [[reasoning:9]]', tools: [weather] };
  const whole = await client().responses.create(body);
  const streamed = await client().responses.stream(body).finalResponse();
  expect(streamed.output).toMatchObject(whole.output);
  expect(streamed.usage).toEqual(whole.usage);
  expect(whole.output.map(({ type }) => type)).toEqual(['reasoning', 'function_call']);
});

it('names its events and numbers them as OpenAI does', async () => {
  const stream = await client().responses.create({ ...thinking, input: 'hi [[reasoning:9]]', stream: true });
  const kinds: string[] = [];
  for await (const event of stream) {
    expect(event.sequence_number).toBe(kinds.length);
    kinds.push(event.type);
  }
  const once = kinds.filter((kind, index) => kinds.indexOf(kind) === index);
  expect(once).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.reasoning_summary_part.added',
    'response.reasoning_summary_text.delta',
    'response.reasoning_summary_text.done',
    'response.reasoning_summary_part.done',
    'response.output_item.done',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.completed',
  ]);
});

const user = { role: 'user', content: 'x' };
const call = { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' };
const output = { type: 'function_call_output', call_id: 'a', output: 'r' };
const thought = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'encrypted-1' };

describe('refuses, as OpenAI does,', () => {
  it.each<[what: string, body: object, status: number, message: string]>([
    ['a field of chat completions', { stop: ['x'] }, 400, "Unknown parameter: 'stop'."],
    ['too small a bound', { max_output_tokens: 5 }, 400, 'Expected a value >= 16, but got 5 instead.'],
    ['a response it never stored', { previous_response_id: 'resp_x' }, 400, "'resp_x' not found"],
    [
      'encrypted reasoning of a model without',
      { model: 'gpt-4o', include: ['reasoning.encrypted_content'] },
      400,
      'not supported with this model',
    ],
    ['a call without its output', { input: [user, call] }, 400, 'No tool output found for function call a.'],
    ['an output without its call', { input: [user, output] }, 400, 'output with call_id a.'],
    [
      'reasoning that it did not store',
      { input: [user, { ...thought, encrypted_content: null }, call, output] },
      404,
      "Item with id 'rs_1' not found.",
    ],
    [
      'reasoning of somebody else',
      { input: [user, { ...thought, encrypted_content: 'gAAA' }, call, output] },
      400,
      'could not be verified',
    ],
    [
      'reasoning that nothing came of',
      { input: [user, thought, user] },
      400,
      'without its required following item',
    ],
  ])('%s', async (_what, body, status, message) => {
    const response = await fetch(`${simulator.url}/v1/responses`, {
      method: 'POST',
      body: JSON.stringify({ model: 'gpt-5.4', input: 'x', ...body }),
    });
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: { message: string } }).error.message).toContain(message);
  });

  it('but not a turn that is whole', async () => {
    const response = await fetch(`${simulator.url}/v1/responses`, {
      method: 'POST',
      body: JSON.stringify({ model: 'gpt-5.4', input: [user, thought, call, output] }),
    });
    expect(response.status).toBe(200);
  });
});
