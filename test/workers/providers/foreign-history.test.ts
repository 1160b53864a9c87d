import { describe, expect, it } from 'vitest';
import type { ChatRequest, Message } from '../../../src/shared/chat/chat.ts';
import { jsonModeTool } from '../../../src/shared/chat/json-mode.ts';
import { toAnthropicRequest } from '../../../src/workers/providers/anthropic-request.ts';
import { toGoogleRequest } from '../../../src/workers/providers/google-request.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';

function callOf(model: string, request: Partial<ChatRequest>): ProviderCall {
  return {
    attemptId: 'att_1',
    model,
    request: { model: `p/${model}`, messages: [{ role: 'user', content: 'hi' }], ...request },
    maxOutputTokens: 4000,
    stream: false,
    reasons: false,
    signal: new AbortController().signal,
    onDelta: () => undefined,
  };
}

const claude = (request: Partial<ChatRequest>, model = 'claude-haiku-4-5') =>
  toAnthropicRequest(callOf(model, request));
const gemini = (request: Partial<ChatRequest>, model = 'gemini-2.5-flash') =>
  toGoogleRequest(callOf(model, request));

const user: Message = { role: 'user', content: 'hi' };
const late: Message = { role: 'system', content: 'Answer in French.' };
const folded = '<system>\nAnswer in French.\n</system>';
const answer: Message = { role: 'assistant', content: 'yes' };
const calls = (...ids: string[]): Message => ({
  role: 'assistant',
  content: null,
  tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'look', arguments: '{}' } })),
});
const result = (id: string, content: Extract<Message, { role: 'tool' }>['content'] = 'x'): Message => ({
  role: 'tool',
  tool_call_id: id,
  content,
});

/** Turns in short: role, then the kinds of their blocks with texts and ids. */
function shorten(turns: { role?: string; content?: unknown; parts?: unknown }[]): string[] {
  return turns.map((turn) => {
    const blocks = (turn.content ?? turn.parts) as Record<string, unknown>[];
    const words = blocks.map((block) => block['text'] ?? block['tool_use_id'] ?? block['id'] ?? keyOf(block));
    return `${turn.role}: ${words.join(', ')}`;
  });
}

function keyOf(part: Record<string, unknown>): string {
  const [key = ''] = Object.keys(part);
  return `${key} ${(part[key] as { id?: string }).id ?? ''}`.trim();
}

describe('a history that others have made, towards Claude', () => {
  it.each<[string, Message[], string[]]>([
    [
      'ids in other letters',
      [user, calls('functions.look:0'), result('functions.look:0')],
      ['user: hi', 'assistant: functions_look_0', 'user: functions_look_0'],
    ],
    [
      'an id that is used twice',
      [user, calls('a'), result('a'), calls('a'), result('a')],
      ['user: hi', 'assistant: a', 'user: a', 'assistant: a_2', 'user: a_2'],
    ],
    [
      'ids that become the same',
      [user, calls('a.b', 'a:b'), result('a:b'), result('a.b')],
      ['user: hi', 'assistant: a_b, a_b_2', 'user: a_b_2, a_b'],
    ],
    [
      'a result far from its call',
      [user, calls('a'), user, result('a')],
      ['user: hi', 'assistant: a', 'user: a, hi'],
    ],
    [
      'a call without a result',
      [user, calls('a', 'b'), result('b'), user],
      ['user: hi', 'assistant: a, b', 'user: a, b, hi'],
    ],
    [
      'turns that say nothing',
      [user, { role: 'assistant', content: '' }, { role: 'user', content: '' }, user],
      ['user: hi, hi'],
    ],
    [
      'an instruction after an answer',
      [user, answer, late, user],
      ['user: hi', 'assistant: yes', `user: ${folded}, hi`],
    ],
    [
      'an instruction between a call and its result',
      [user, calls('a'), late, result('a')],
      ['user: hi', 'assistant: a', `user: a, ${folded}`],
    ],
    [
      'an answer to go on from',
      [user, { role: 'assistant', content: 'yes, \n' }],
      ['user: hi', 'assistant: yes,'],
    ],
  ])('%s', (_what, messages, turns) => {
    expect(shorten(claude({ messages }).messages)).toEqual(turns);
  });

  it.each<[string, string, Message[], string[]]>([
    [
      'behind a user',
      'claude-opus-4-8',
      [user, late, answer],
      ['user: hi', 'system: Answer in French.', 'assistant: yes'],
    ],
    ['at the end', 'claude-opus-5', [user, late], ['user: hi', 'system: Answer in French.']],
    ['before more of the user', 'claude-opus-5', [user, late, user], [`user: hi, ${folded}, hi`]],
    [
      'before an answer without a word',
      'claude-opus-5',
      [user, late, { role: 'assistant', content: '\n' }, user],
      [`user: hi, ${folded}, hi`],
    ],
    [
      'of a model that takes none',
      'claude-opus-4-7',
      [user, late, answer],
      [`user: hi, ${folded}`, 'assistant: yes'],
    ],
  ])('an instruction %s of %s', (_where, model, messages, turns) => {
    expect(shorten(claude({ messages }, model).messages)).toEqual(turns);
  });

  it('arguments that are no object are given back as the text they are', () => {
    const message = calls('a') as Extract<Message, { role: 'assistant' }>;
    const broken = { ...message.tool_calls?.[0], function: { name: 'look', arguments: '{"a":' } };
    const messages = [user, { ...message, tool_calls: [broken] } as Message, result('a')];
    expect(claude({ messages }).messages[1]?.content).toMatchObject([{ input: { input: '{"a":' } }]);
    expect(gemini({ messages }).contents).toMatchObject([
      {},
      { parts: [{ functionCall: { args: { input: '{"a":' } } }] },
      {},
    ]);
  });

  it('images and documents stay in the result', () => {
    const shown = [
      { type: 'text' as const, text: 'seen' },
      {
        type: 'image_url' as const,
        image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' as const },
      },
      {
        type: 'file' as const,
        file: { file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'a.pdf' },
      },
    ];
    expect(claude({ messages: [user, calls('a'), result('a', shown)] }).messages[2]?.content).toEqual([
      {
        type: 'tool_result',
        tool_use_id: 'a',
        content: [
          { type: 'text', text: 'seen' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          {
            type: 'document',
            title: 'a.pdf',
            source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
          },
        ],
      },
    ]);
  });

  it('a mark on a message of parts stands on its last', () => {
    const extra_content = { anthropic: { cache_control: { type: 'ephemeral' } } };
    const content = [
      { type: 'text' as const, text: 'a' },
      { type: 'text' as const, text: 'b' },
    ];
    expect(claude({ messages: [{ role: 'user', content, extra_content }] }).messages[0]?.content).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b', cache_control: { type: 'ephemeral' } },
    ]);
  });

  it('hints and what is cut by us are left out', () => {
    const body = claude({ seed: 7, stop: ['\n\n', 'END'], messages: [{ ...user, name: 'ann' } as Message] });
    expect(body).toMatchObject({ stop_sequences: ['END'] });
    expect(JSON.stringify(body)).not.toMatch(/seed|ann/);
    expect(claude({ stop: ' ' }).stop_sequences).toBeUndefined();
    expect(claude({ top_k: 5 }).top_k).toBe(5);
  });
});

describe('what Claude is asked to think', () => {
  const own = {
    anthropic: {
      content: [
        { type: 'thinking', thinking: 'hm', signature: 's' },
        { type: 'tool_use', id: 'a', name: 'look', input: {} },
      ],
    },
  };
  const signed = { ...calls('a'), extra_content: own } as Message;

  it.each<[string, string, Partial<ChatRequest>, unknown]>([
    [
      'a budget as it is',
      'claude-haiku-4-5',
      { reasoning_effort: 'low', thinking_budget_tokens: 3900 },
      { type: 'enabled', budget_tokens: 3900 },
    ],
    [
      'no budget without room',
      'claude-haiku-4-5',
      { reasoning_effort: 'low', thinking_budget_tokens: 4000 },
      undefined,
    ],
    [
      'a budget to a model that has none',
      'claude-opus-5',
      { reasoning_effort: 'low', thinking_budget_tokens: 3000 },
      { type: 'adaptive' },
    ],
    ['an effort alone', 'claude-opus-5', { reasoning_effort: 'low', effort_alone: true }, undefined],
    [
      'calls that have lost their thinking',
      'claude-haiku-4-5',
      { reasoning_effort: 'low', messages: [user, calls('a'), result('a')] },
      undefined,
    ],
    [
      'calls that have kept it',
      'claude-haiku-4-5',
      { reasoning_effort: 'low', messages: [user, signed, result('a')] },
      { type: 'enabled', budget_tokens: 2048 },
    ],
    [
      'calls without, after one that has kept it',
      'claude-haiku-4-5',
      { reasoning_effort: 'low', messages: [user, signed, result('a'), calls('b'), result('b')] },
      { type: 'enabled', budget_tokens: 2048 },
    ],
    [
      'calls that have lost it, after an earlier turn that has it',
      'claude-haiku-4-5',
      {
        reasoning_effort: 'low',
        messages: [user, signed, result('a'), answer, user, calls('b'), result('b')],
      },
      undefined,
    ],
    [
      'calls of an earlier turn',
      'claude-haiku-4-5',
      { reasoning_effort: 'low', messages: [user, calls('a'), result('a'), answer, user] },
      { type: 'enabled', budget_tokens: 2048 },
    ],
    [
      'calls that have lost it, of an adaptive model',
      'claude-opus-5',
      { reasoning_effort: 'low', messages: [user, calls('a'), result('a')] },
      { type: 'adaptive' },
    ],
  ])('%s, to %s', (_what, model, request, thinking) => {
    expect(claude(request, model).thinking).toEqual(thinking);
  });

  it.each(['claude-haiku-4-5', 'claude-opus-4-7'])('an effort alone is only that, to %s', (model) => {
    const body = claude({ reasoning_effort: 'max', effort_alone: true }, model);
    expect(body.output_config).toEqual({ effort: 'max' });
  });

  it('what nobody of Claude’s has signed is not given back', () => {
    const unsigned = {
      anthropic: {
        content: [
          { type: 'thinking', thinking: 'hm', signature: '' },
          { type: 'text', text: 'yes' },
        ],
      },
    };
    const messages = [user, { ...answer, reasoning_content: 'hm', extra_content: unsigned } as Message, user];
    expect(claude({ messages }).messages[1]?.content).toEqual([{ type: 'text', text: 'yes' }]);
  });
});

describe('what says nothing, towards Claude', () => {
  const signed = { type: 'thinking', thinking: 'hm', signature: 's' };
  const blank = { type: 'text', text: '\n\n' };
  const use = { type: 'tool_use', id: 'a', name: 'look', input: {} };
  const own = (content: object[], more: object) =>
    ({ role: 'assistant', content: null, extra_content: { anthropic: { content } }, ...more }) as Message;
  it.each<[string, Message[], unknown[]]>([
    [
      'a text of white space',
      [user, { ...calls('a'), content: '\n' } as Message, result('a')],
      [[expect.objectContaining({ id: 'a' })]],
    ],
    [
      'one beside thinking',
      [user, own([signed, blank, use], { ...calls('a'), content: '\n\n' }), result('a')],
      [[signed, use]],
    ],
    ['an answer of white space', [user, { role: 'assistant', content: ' ' }, user], []],
    ['thinking that nothing came of', [user, own([signed], { content: '' }), user], []],
    [
      'thinking at the end',
      [user, own([{ type: 'text', text: 'yes' }, signed], { content: 'yes' }), user],
      [[{ type: 'text', text: 'yes' }]],
    ],
  ])('%s is left out', (_what, messages, expected) => {
    const turns = claude({ messages }).messages;
    expect(turns.filter(({ role }) => role === 'assistant').map(({ content }) => content)).toEqual(expected);
  });
});

describe('JSON mode towards Claude', () => {
  const json: Partial<ChatRequest> = { response_format: { type: 'json_object' } };
  const tools = [{ type: 'function' as const, function: { name: 'look' } }];

  it('is the call of one tool', () => {
    const body = claude(json);
    expect(body.tool_choice).toEqual({ type: 'tool', name: jsonModeTool });
    expect(body.tools).toMatchObject([{ name: jsonModeTool, input_schema: { type: 'object' } }]);
    expect(body.system).toBeUndefined();
  });

  it.each<[string, Partial<ChatRequest>]>([
    ['tools of the client', { ...json, tools }],
    ['thinking', { ...json, reasoning_effort: 'low' }],
  ])('is asked for in words beside %s', (_what, request) => {
    const body = claude({ ...request, messages: [{ role: 'system', content: 'S' }, user] });
    expect(body.system).toMatchObject([{ text: 'S' }, { text: expect.stringContaining('one JSON object') }]);
    expect(JSON.stringify(body.tools ?? [])).not.toContain(jsonModeTool);
  });
});

describe('a history that others have made, towards Gemini', () => {
  const contents = (messages: Message[], model?: string) =>
    gemini({ messages }, model).contents as { role: string; parts: Record<string, unknown>[] }[];

  it.each<[string, Message[], string[]]>([
    [
      'an instruction between turns',
      [late, user, answer, late, user],
      ['user: hi', 'model: yes', `user: ${folded}, hi`],
    ],
    [
      'thinking of Claude’s that nothing came of',
      [
        user,
        { role: 'assistant', content: '', extra_content: { anthropic: { content: [{ type: 'thinking' }] } } },
        late,
      ],
      [`user: hi, ${folded}`],
    ],
    [
      'a result far from its call, and one that is missing',
      [user, calls('a', 'b'), user, result('a')],
      [
        'user: hi',
        'model: functionCall a, functionCall b',
        'user: functionResponse b, functionResponse a, hi',
      ],
    ],
    ['two answers in a row', [user, answer, answer, user], ['user: hi', 'model: yes, yes', 'user: hi']],
    ['turns that say nothing', [user, { role: 'assistant', content: '' }, user], ['user: hi, hi']],
  ])('%s', (_what, messages, turns) => {
    expect(shorten(contents(messages))).toEqual(turns);
  });

  it('a tool that failed answers with an error, and what it shows follows the results', () => {
    const failed = { ...result('a', 'no'), extra_content: { anthropic: { is_error: true } } } as Message;
    const image = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AAAA' } };
    const pdf = { type: 'file' as const, file: { file_data: 'data:application/pdf;base64,JVBERi0=' } };
    const shown = result('b', [{ type: 'text', text: 'seen' }, image, pdf]);
    expect(contents([user, calls('a', 'b'), shown, failed])[2]?.parts).toEqual([
      { functionResponse: { id: 'b', name: 'look', response: { output: 'seen' } } },
      { functionResponse: { id: 'a', name: 'look', response: { error: 'no' } } },
      { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
      { inlineData: { mimeType: 'application/pdf', data: 'JVBERi0=' } },
    ]);
  });

  it.each([
    ['gemini-3-flash-preview', 'skip_thought_signature_validator'],
    ['gemini-2.5-flash', undefined],
  ])('the first call of a turn is signed for %s: %s', (model, signature) => {
    const parts = contents([user, calls('a', 'b'), result('a'), result('b')], model)[1]?.parts ?? [];
    expect(parts.map((part) => part['thoughtSignature'])).toEqual([signature, undefined]);
  });

  it('a signature of its own stays', () => {
    const message = calls('a') as Extract<Message, { role: 'assistant' }>;
    const tool_calls = message.tool_calls?.map((call) => ({
      ...call,
      extra_content: { google: { thought_signature: 's' } },
    }));
    const parts = contents([user, { ...message, tool_calls } as Message, result('a')], 'gemini-3-pro')[1]
      ?.parts;
    expect(parts).toMatchObject([{ thoughtSignature: 's' }]);
  });
});

describe('what Gemini is asked to think', () => {
  it.each<[string, Partial<ChatRequest>, unknown]>([
    [
      'gemini-3.1-pro-preview',
      { reasoning_effort: 'minimal' },
      { thinkingLevel: 'LOW', includeThoughts: true },
    ],
    ['gemini-3.7-flash', { reasoning_effort: 'minimal' }, { thinkingLevel: 'LOW', includeThoughts: true }],
    [
      'gemini-3-flash-preview',
      { reasoning_effort: 'minimal' },
      { thinkingLevel: 'MINIMAL', includeThoughts: true },
    ],
    ['gemini-3-flash-preview', { reasoning_effort: 'max' }, { thinkingLevel: 'HIGH', includeThoughts: true }],
    [
      'gemini-2.5-flash',
      { reasoning_effort: 'low', thinking_budget_tokens: 1500 },
      { thinkingBudget: 1500, includeThoughts: true },
    ],
    ['gemini-2.5-flash', { reasoning_effort: 'low', hide_reasoning: true }, { thinkingBudget: 1024 }],
    ['gemini-2.5-flash', { reasoning_effort: 'low', thinking_display: 'omitted' }, { thinkingBudget: 1024 }],
    ['gemini-2.5-flash', { reasoning_effort: 'none' }, { thinkingBudget: 0 }],
  ])('%s %j', (model, request, config) => {
    expect(gemini(request, model).config?.thinkingConfig).toEqual(config);
  });

  it('takes top_k, and leaves hints out', () => {
    const { config } = gemini({ top_k: 5, parallel_tool_calls: false });
    expect(config).toMatchObject({ topK: 5 });
  });
});
