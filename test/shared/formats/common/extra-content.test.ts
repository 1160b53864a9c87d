import { describe, expect, it, test } from 'vitest';
import { messagesSchema } from '../../../../src/shared/formats/anthropic-messages/message-request.ts';
import { keptBlock, keptReasoning } from '../../../../src/shared/formats/common/extra-content.ts';
import { problemsOf } from '../../../../src/shared/formats/common/zod-problems.ts';
import { chatRequestSchema } from '../../../../src/shared/formats/openai-chat/chat-request.ts';
import { inputItemSchema } from '../../../../src/shared/formats/openai-responses/response-items.ts';

const png = 'data:image/png;base64,iVBORw0KGgo=';
const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
const cached = { cache_control: { type: 'ephemeral', ttl: '1h' } };

type Carrier = 'user' | 'system' | 'assistant' | 'result' | 'text' | 'image' | 'call' | 'tool';

/** A request with this at one carrier, and the path it stands at. */
function requestWith(carrier: Carrier, extra_content: unknown): { request: object; path: string } {
  const asked = (message: object) => ({ model: 'a', messages: [message] });
  switch (carrier) {
    case 'user':
    case 'system':
      return { request: asked({ role: carrier, content: 'x', extra_content }), path: 'messages.0' };
    case 'assistant':
      return { request: asked({ role: 'assistant', content: 'x', extra_content }), path: 'messages.0' };
    case 'result':
      return {
        request: asked({ role: 'tool', tool_call_id: 'c', content: 'x', extra_content }),
        path: 'messages.0',
      };
    case 'text':
      return {
        request: asked({ role: 'user', content: [{ type: 'text', text: 'x', extra_content }] }),
        path: 'messages.0.content.0',
      };
    case 'image':
      return {
        request: asked({
          role: 'user',
          content: [{ type: 'image_url', image_url: { url: png }, extra_content }],
        }),
        path: 'messages.0.content.0',
      };
    case 'call':
      return {
        request: asked({ role: 'assistant', tool_calls: [{ ...call, extra_content }] }),
        path: 'messages.0.tool_calls.0',
      };
    case 'tool': {
      const tool = { type: 'function', function: { name: 'f' }, extra_content };
      return { request: { ...asked({ role: 'user', content: 'x' }), tools: [tool] }, path: 'tools.0' };
    }
  }
}

function problemPaths(request: object): string[] {
  const { error } = chatRequestSchema.safeParse(request);
  return error === undefined ? [] : problemsOf(error).map(({ param }) => param);
}

const block = (more: object) => ({ anthropic: { content: [more] } });
const image = { type: 'image_url', image_url: { url: png, detail: 'high' } };
const remote = { type: 'url', url: 'https://example.com/large.png' };

/** What asks a provider for something that nobody has priced, by where it stands. */
const refused: [string, Carrier, unknown, string][] = [
  ['the content of a message', 'user', { openai: { content: [image] } }, 'openai.content'],
  ['the content of an instruction', 'system', { openai: { content: [image] } }, 'openai.content'],
  ['the content of an answer', 'assistant', { openai: { content: [image] } }, 'openai.content'],
  ['the role of a message', 'user', { openai: { role: 'assistant' } }, 'openai.role'],
  ['an image in the carrier of a text', 'text', { openai: image }, 'openai.type'],
  ['another source of an image', 'image', { anthropic: { source: remote } }, 'anthropic.source'],
  ['another image', 'image', { openai: { image_url: { url: png } } }, 'openai.image_url'],
  ['a search of the provider’s', 'tool', { anthropic: { type: 'web_search_20250305' } }, 'anthropic.type'],
  ['how often it may be used', 'tool', { anthropic: { max_uses: 50 } }, 'anthropic.max_uses'],
  ['code run by the provider', 'tool', { anthropic: { type: 'code_execution_20250825' } }, 'anthropic.type'],
  ['a search of OpenAI’s', 'tool', { openai: { type: 'web_search' } }, 'openai.type'],
  ['another function', 'tool', { openai: { function: { name: 'g' } } }, 'openai.function'],
  ['another schema', 'tool', { anthropic: { input_schema: {} } }, 'anthropic.input_schema'],
  ['an earlier answer’s audio', 'assistant', { openai: { audio: { id: 'audio_1' } } }, 'openai.audio'],
  ['tool calls', 'assistant', { openai: { tool_calls: [] } }, 'openai.tool_calls'],
  ['a file by its id', 'text', { openai: { file: { file_id: 'file_1' } } }, 'openai.file'],
  ['a container', 'assistant', { anthropic: { container: { id: 'c' } } }, 'anthropic.container'],
  ['citations', 'text', { anthropic: { citations: { enabled: true } } }, 'anthropic.citations'],
  ['a search result', 'assistant', block({ type: 'search_result', source: 'x' }), 'anthropic.content.0.type'],
  ['a document', 'assistant', block({ type: 'document', source: remote }), 'anthropic.content.0.type'],
  [
    'an image among blocks',
    'assistant',
    block({ type: 'image', source: remote }),
    'anthropic.content.0.type',
  ],
  ['a call of a server’s tool', 'assistant', block({ type: 'server_tool_use' }), 'anthropic.content.0.type'],
  [
    'an upload to a container',
    'assistant',
    block({ type: 'container_upload', file_id: 'f' }),
    'anthropic.content.0.type',
  ],
  [
    'an image inside a text block',
    'assistant',
    block({ type: 'text', text: 'x', source: remote }),
    'anthropic.content.0.source',
  ],
  [
    'a document inside thinking',
    'assistant',
    block({ type: 'thinking', thinking: 'x', signature: 's', content: [] }),
    'anthropic.content.0.content',
  ],
  [
    'a call by somebody else than the model',
    'assistant',
    block({ type: 'tool_use', id: 't', name: 'f', input: {}, caller: { type: 'code_execution' } }),
    'anthropic.content.0.caller.type',
  ],
  ['blocks where there is no turn', 'user', block({ type: 'text', text: 'x' }), 'anthropic.content'],
  ['results among results', 'result', { anthropic: { content: [] } }, 'anthropic.content'],
  ['another id of a result', 'result', { anthropic: { tool_use_id: 'x' } }, 'anthropic.tool_use_id'],
  ['an error that is no yes or no', 'result', { anthropic: { is_error: {} } }, 'anthropic.is_error'],
  [
    'another cache',
    'text',
    { anthropic: { cache_control: { type: 'persistent' } } },
    'anthropic.cache_control.type',
  ],
  [
    'a cache of another life',
    'text',
    { anthropic: { cache_control: { type: 'ephemeral', ttl: '30d' } } },
    'anthropic.cache_control.ttl',
  ],
  [
    'more in a cache mark',
    'tool',
    { anthropic: { cache_control: { type: 'ephemeral', content: [image] } } },
    'anthropic.cache_control.content',
  ],
  ['parts for Gemini', 'user', { google: { inlineData: { data: 'x' } } }, 'google.inlineData'],
  ['a file for Gemini', 'assistant', { google: { fileData: { fileUri: 'x' } } }, 'google.fileData'],
  [
    'a signature that is no text',
    'call',
    { google: { thought_signature: [image] } },
    'google.thought_signature',
  ],
  [
    'a signature where none belongs',
    'user',
    { google: { thought_signature: 's' } },
    'google.thought_signature',
  ],
  [
    'reasoning that is no text',
    'assistant',
    { openai: { reasoning_content: [image] } },
    'openai.reasoning_content',
  ],
  [
    'an image among details of reasoning',
    'assistant',
    { openai: { reasoning_details: [image] } },
    'openai.reasoning_details.0.type',
  ],
  [
    'an image within one',
    'assistant',
    { openai: { reasoning_details: [{ type: 'reasoning.text', text: 'x', image_url: {} }] } },
    'openai.reasoning_details.0.image_url',
  ],
  [
    'more in the state of a call',
    'call',
    { openai: { extra_content: { google: { thought_signature: 's', inline_data: {} } } } },
    'openai.extra_content.google.inline_data',
  ],
  [
    'the state of nobody',
    'call',
    { openai: { extra_content: { content: [] } } },
    'openai.extra_content.content',
  ],
  ['an unknown provider', 'user', { other: {} }, 'other'],
];

/** State and marks, as they were answered or as clients set them. */
const taken: [string, Carrier, unknown][] = [
  ['a mark on a message', 'user', { anthropic: cached }],
  ['a mark on an instruction', 'system', { anthropic: cached }],
  ['a mark on a text, for OpenRouter too', 'text', { anthropic: cached, openai: cached }],
  ['a mark on an image', 'image', { anthropic: cached }],
  ['a mark on a tool', 'tool', { anthropic: cached }],
  ['a mark on a call', 'call', { anthropic: cached }],
  ['a result that is an error', 'result', { anthropic: { is_error: true, ...cached } }],
  [
    'a turn with thinking',
    'assistant',
    {
      anthropic: {
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'redacted_thinking', data: 'xx' },
          { type: 'text', text: 'so', citations: null },
          { type: 'tool_use', id: 't', name: 'f', input: { type: 'image' }, caller: { type: 'direct' } },
        ],
        stop_sequence: 'END',
      },
    },
  ],
  ['a signature of Gemini’s', 'assistant', { google: { thought_signature: 's' } }],
  ['one on a call', 'call', { google: { thought_signature: 's' } }],
  [
    'one as Google’s endpoint of OpenAI’s wire has it',
    'call',
    { openai: { extra_content: { google: { thought_signature: 's' } } } },
  ],
  ['reasoning in words', 'assistant', { openai: { reasoning_content: 'hm', reasoning: 'hm' } }],
  [
    'encrypted reasoning',
    'assistant',
    {
      openai: {
        reasoning_details: [{ type: 'reasoning.encrypted', id: 'r', format: 'f', index: 0, data: 'xx' }],
      },
    },
  ],
];

describe('extra_content', () => {
  test.each(refused)('refuses %s on a %s by name', (_what, carrier, extra, field) => {
    const { request, path } = requestWith(carrier, extra);
    expect(problemPaths(request)).toContain(`${path}.extra_content.${field}`);
  });

  test.each(taken)('carries %s', (_what, carrier, extra) => {
    const { request } = requestWith(carrier, extra);
    expect(problemPaths(request)).toEqual([]);
    expect(JSON.stringify(chatRequestSchema.parse(request))).toContain(JSON.stringify(extra));
  });

  it('is the same list on the other surfaces', () => {
    const item = { type: 'reasoning', extra_content: { openai: { content: [image] } } };
    expect(inputItemSchema.safeParse(item).success).toBe(false);
    const answered = { type: 'text', text: 'x', extra_content: { openai: { content: [image] } } };
    const messages = [{ role: 'assistant', content: [answered] }];
    expect(messagesSchema.safeParse({ model: 'a', max_tokens: 1, messages }).success).toBe(false);
  });

  it('holds no more of a mark than what has a price, whatever a client of Anthropic’s says in it', () => {
    const mark = { type: 'ephemeral', ttl: '5m', scope: 'global' };
    const content = [{ type: 'text', text: 'x', cache_control: mark }];
    const { request } = messagesSchema.parse({
      model: 'a',
      max_tokens: 1,
      messages: [{ role: 'user', content }],
    });
    expect(request.messages[0]?.content).toEqual([
      {
        type: 'text',
        text: 'x',
        extra_content: { anthropic: { cache_control: { type: 'ephemeral', ttl: '5m' } } },
      },
    ]);
  });
});

describe('what an answer brings along', () => {
  test.each([
    ['a text with more than its text', { type: 'text', text: 'x', signals: 1 }, { type: 'text', text: 'x' }],
    ['a block that cannot go back', { type: 'server_tool_use', id: 's' }, null],
  ])('is kept so that it can go back: %s', (_what, sent, kept) => {
    expect(keptBlock(sent)).toEqual(kept);
  });

  test.each([
    ['words', { type: 'reasoning.text', text: 'x', more: {} }, { type: 'reasoning.text', text: 'x' }],
    ['something else', { type: 'image_url' }, null],
  ])('and so are details of reasoning: %s', (_what, sent, kept) => {
    expect(keptReasoning(sent)).toEqual(kept);
  });
});
