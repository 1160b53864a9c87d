import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../../tools/simulator/server.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
});
afterAll(() => simulator.close());

const schema = { type: 'object', properties: {} };
const question = 'use the look_up tool';

/** Of each wire: its path, the question and its tool, and the messages after the tool's result. */
const wires: [path: string, asked: object, answered: object, called: string][] = [
  [
    '/v1/chat/completions',
    {
      model: 'm',
      messages: [{ role: 'user', content: question }],
      tools: [{ type: 'function', function: { name: 'look_up', parameters: schema } }],
    },
    {
      messages: [
        { role: 'user', content: question },
        { role: 'tool', tool_call_id: 'a', content: 'r' },
      ],
    },
    'tool_calls',
  ],
  [
    '/v1/responses',
    { model: 'm', input: question, tools: [{ type: 'function', name: 'look_up', parameters: schema }] },
    {
      input: [
        { role: 'user', content: question },
        { type: 'function_call', call_id: 'a', name: 'look_up', arguments: '{}' },
        { type: 'function_call_output', call_id: 'a', output: 'r' },
      ],
    },
    'function_call',
  ],
  [
    '/v1/messages',
    {
      model: 'm',
      max_tokens: 100,
      messages: [{ role: 'user', content: question }],
      tools: [{ name: 'look_up', input_schema: schema }],
    },
    {
      messages: [
        { role: 'user', content: question },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'r' }] },
      ],
    },
    'tool_use',
  ],
  [
    '/v1beta/models/m:generateContent',
    {
      contents: [{ role: 'user', parts: [{ text: question }] }],
      tools: [{ functionDeclarations: [{ name: 'look_up', parametersJsonSchema: schema }] }],
    },
    {
      contents: [
        { role: 'user', parts: [{ text: question }] },
        { role: 'user', parts: [{ functionResponse: { name: 'look_up', response: {} } }] },
      ],
    },
    'functionCall',
  ],
];

it.each(wires)('%s calls a tool that is named once', async (path, asked, answered, called) => {
  const ask = async (body: object) => {
    const headers = { 'anthropic-version': '2023-06-01' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return await (await fetch(simulator.url + path, init)).text();
  };
  expect(await ask(asked)).toContain(`"${called}"`);
  expect(await ask({ ...asked, ...answered })).not.toContain(`"${called}"`);
});

it('calls a custom tool with free text on chat completions, whole and streamed', async () => {
  const body = {
    model: 'm',
    messages: [{ role: 'user', content: '[[call:patch]]' }],
    tools: [{ type: 'custom', custom: { name: 'patch' } }],
  };
  const ask = async (more: object) =>
    await (
      await fetch(`${simulator.url}/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ ...body, ...more }),
      })
    ).text();
  expect(await ask({})).toContain('"type":"custom","custom":{"name":"patch","input":"[[call:patch]]"}');
  expect(await ask({ stream: true })).toContain('"custom":{"input":"[[call');
});

it.each<[mode: string, isCalled: boolean]>([
  ['AUTO', true],
  ['VALIDATED', true],
  ['NONE', false],
])('calls a tool of Gemini by itself in mode %s: %s', async (mode, isCalled) => {
  const [path, asked] = wires[3] as (typeof wires)[number];
  const body = { ...asked, toolConfig: { functionCallingConfig: { mode } } };
  const answer = await fetch(simulator.url + path, { method: 'POST', body: JSON.stringify(body) });
  expect((await answer.text()).includes('"functionCall"')).toBe(isCalled);
});
