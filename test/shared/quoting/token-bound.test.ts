import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { boundInputTokens, countOutputTokens } from '../../../src/shared/quoting/token-bound.ts';
import { someModel } from './models.ts';
import { hostileTexts, ordinaryTexts } from './samples.ts';

const wide = someModel({ maxInputTokens: 10_000_000, contextWindow: 10_000_000 });
const ask = (content: string): ChatRequest => ({
  model: 'openai/some',
  messages: [{ role: 'user', content }],
});
const bound = (request: ChatRequest) => boundInputTokens(request, wide);

describe('the bound of a prompt', () => {
  test.each(Object.entries(ordinaryTexts))(
    'is above a quarter of the bytes of %s, plus framing',
    (_name, text) => {
      expect(bound(ask(text))).toBeGreaterThan(Math.ceil(Buffer.byteLength(text) / 4) + 8);
    },
  );

  // Counts of 3,000 units by o200k_base, taken once outside the repository.
  test.each([
    ['random letters', 1558],
    ['random short words', 1344],
    ['letters apart', 1501],
    ['base64', 2058],
    ['hex', 1713],
    ['digits', 1000],
    ['digits apart', 3000],
    ['punctuation', 1991],
    ['emoji', 3015],
    ['rare Han', 5727],
    ['private use', 8800],
  ])('is above what a real tokenizer makes of %s', (name, real) => {
    expect(bound(ask(hostileTexts(3_000)[name] ?? ''))).toBeGreaterThan(real);
  });

  it('is all that a model reads where there is a PDF, in a turn or in the result of a tool', () => {
    const pdf = { type: 'file' as const, file: { file_data: 'data:application/pdf;base64,JVBERi0=' } };
    const user = { role: 'user' as const, content: [pdf] };
    const result = { role: 'tool' as const, tool_call_id: 'c', content: [pdf] };
    for (const message of [user, result]) {
      expect(bound({ model: 'openai/some', messages: [message] })).toBe(wide.maxInputTokens);
    }
  });

  it('counts what an assistant thought, as what it wrote', () => {
    const plain: ChatRequest = { model: 'm', messages: [{ role: 'assistant', content: 'a' }] };
    const thought = { role: 'assistant' as const, content: 'a', reasoning_content: 'word '.repeat(1000) };
    expect(bound({ ...plain, messages: [thought] }) - bound(plain)).toBeGreaterThan(1000);
  });

  it('is at least a quarter of the letters of any words, and never falls when text is added', () => {
    const words = fc.array(fc.lorem({ mode: 'words' }), { maxLength: 20 }).map((parts) => parts.join(' '));
    fc.assert(
      fc.property(words, fc.string({ unit: 'grapheme' }), (text, more) => {
        expect(bound(ask(text))).toBeGreaterThanOrEqual(text.length / 4);
        expect(bound(ask(`${text}\n${more}`))).toBeGreaterThanOrEqual(bound(ask(text)) - 1);
      }),
    );
  });

  it('is never above the UTF-8 bytes where a token has at least one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(bound(ask(text)) - bound(ask(''))).toBeLessThanOrEqual(Buffer.byteLength(text));
      }),
    );
  });

  it('is higher for tokenizers that make more tokens', () => {
    const text = ordinaryTexts['English'] ?? '';
    const of = (tokenizer: 'openai' | 'google' | 'anthropic' | 'anthropic-newer') =>
      boundInputTokens(ask(text), { ...wide, tokenizer });
    expect(of('google')).toBeGreaterThan(of('openai'));
    expect(of('anthropic')).toBeGreaterThan(of('google'));
    expect(of('anthropic-newer')).toBeGreaterThan(of('anthropic'));
  });

  it('counts digits one by one for Gemini, whose tokenizer does', () => {
    const digits = '7'.repeat(3_000);
    expect(boundInputTokens(ask(digits), { ...wide, tokenizer: 'google' })).toBeGreaterThan(3_000);
  });

  it('never takes text for more than the model can read', () => {
    expect(boundInputTokens(ask('x '.repeat(200_000)), someModel())).toBe(100_000);
  });

  const parameters = { type: 'object', properties: { city: { type: 'string', description: 'the city' } } };
  const tool = { type: 'function' as const, function: { name: 'weather', parameters } };
  const png = { type: 'image_url' as const, image_url: { url: 'https://example.com/a.png' } };
  const base = ask('hello');

  test.each<[string, Partial<ChatRequest>, number]>([
    ['a tool, its schema and its overhead', { tools: [tool] }, 100],
    [
      'a response schema',
      { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: parameters } } },
      80,
    ],
    ['an image', { messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }, png] }] }, 1_445],
    ['each further message', { messages: [...base.messages, { role: 'assistant', content: 'hi' }] }, 8],
    [
      'tool calls and their results',
      {
        messages: [
          ...base.messages,
          {
            role: 'assistant',
            tool_calls: [
              { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
        ],
      },
      32,
    ],
    [
      "a provider's own blocks",
      {
        messages: [
          {
            role: 'user',
            content: 'hello',
            extra_content: { anthropic: { signature: 'Zm9vYmFy'.repeat(50) } },
          },
        ],
      },
      200,
    ],
  ])('counts %s', (_what, more, least) => {
    expect(bound({ ...base, ...more })).toBeGreaterThanOrEqual(bound(base) + least);
  });
});

describe('the count of an output nobody reported', () => {
  it('is near what a tokenizer counts', () => {
    const counted = countOutputTokens(ordinaryTexts['English'] ?? '', wide);
    expect(counted / 441).toBeGreaterThan(0.9);
    expect(counted / 441).toBeLessThan(1.3);
  });

  it('is nothing when no output was seen', () => {
    expect(countOutputTokens('', wide)).toBe(0);
  });
});
