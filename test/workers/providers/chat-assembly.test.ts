import { expect, it } from 'vitest';
import { createChatAssembly } from '../../../src/workers/providers/chat-assembly.ts';

function assemble(chunks: object[]) {
  const assembly = createChatAssembly();
  for (const chunk of chunks) assembly.add(chunk);
  return assembly.body();
}

const piece = (delta: object, more: object = {}) => ({ choices: [{ index: 0, delta, ...more }] });
const ofChoice = (message: object, more: object = {}) => ({
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: null, refusal: null, ...message },
      finish_reason: null,
      ...more,
    },
  ],
});

it.each<[string, object[], object]>([
  ['texts', [piece({ content: 'a' }), piece({ content: 'b' })], ofChoice({ content: 'ab' })],
  [
    'calls of functions, without their numbers',
    [
      piece({
        tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '' } }],
      }),
      piece({
        tool_calls: [{ index: 1, id: 'c2', type: 'function', function: { name: 'g', arguments: '{' } }],
      }),
      piece({
        tool_calls: [
          { index: 0, function: { arguments: '{}' } },
          { index: 1, function: { arguments: '}' } },
        ],
      }),
    ],
    ofChoice({
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } },
        { id: 'c2', type: 'function', function: { name: 'g', arguments: '{}' } },
      ],
    }),
  ],
  [
    'calls of custom tools',
    [
      piece({ tool_calls: [{ index: 0, id: 'c1', type: 'custom', custom: { name: 'f', input: '' } }] }),
      piece({ tool_calls: [{ index: 0, custom: { input: 'a' } }] }),
      piece({ tool_calls: [{ index: 0, custom: { input: 'b' } }] }),
    ],
    ofChoice({ tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'f', input: 'ab' } }] }),
  ],
  [
    'probabilities',
    [
      piece({ content: 'a' }, { logprobs: { content: [{ token: 'a' }], refusal: null } }),
      piece({ content: 'b' }, { logprobs: { content: [{ token: 'b' }], refusal: null } }),
      piece({}, { logprobs: null, finish_reason: 'stop' }),
    ],
    ofChoice(
      { content: 'ab' },
      { logprobs: { content: [{ token: 'a' }, { token: 'b' }], refusal: null }, finish_reason: 'stop' },
    ),
  ],
  [
    'fields that nobody here knows',
    [
      piece({ audio: { id: 'x', data: 'a' }, notes: [{ at: 1 }] }),
      piece({ audio: { data: 'b' }, notes: [{ at: 2 }] }),
    ],
    ofChoice({ audio: { id: 'x', data: 'ab' }, notes: [{ at: 1 }, { at: 2 }] }),
  ],
])('%s of a stream are put together', (_what, chunks, expected) => {
  const events = structuredClone(chunks);
  expect(assemble(chunks)).toMatchObject(expected);
  expect(chunks).toEqual(events);
});

it('the usage is the last, and what the head of a chunk has once stays', () => {
  const chunks = [
    { id: 'c', system_fingerprint: 'fp', usage: { prompt_tokens: 1 }, ...piece({ content: 'a' }) },
    { id: 'd', system_fingerprint: null, usage: null, choices: [] },
    { id: 'c', usage: { prompt_tokens: 2 }, choices: [] },
  ];
  expect(assemble(chunks)).toMatchObject({ id: 'c', system_fingerprint: 'fp', usage: { prompt_tokens: 2 } });
});

it('a field by the name that all objects share is left out, and changes none of them', () => {
  const chunk = JSON.parse('{"choices":[{"index":0,"delta":{"content":"a","__proto__":{"polluted":1}}}]}');
  expect(assemble([chunk])).toMatchObject(ofChoice({ content: 'a' }));
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

it('choices are in their order, however far their numbers are apart', () => {
  const chunks = [
    { choices: [{ index: 4_000_000_000, delta: { content: 'b' } }] },
    { choices: [{ index: 0, delta: { content: 'a' } }] },
  ];
  expect((assemble(chunks) as { choices: { index: number }[] }).choices.map(({ index }) => index)).toEqual([
    0, 4_000_000_000,
  ]);
});
