import { describe, expect, it } from 'vitest';
import { refuseUnsupported } from '../../../src/shared/catalogue/refuse-unsupported.ts';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';

function refused(request: Partial<ChatRequest>, api?: 'responses' | 'chat'): string[] {
  const whole = { model: 'openai/gpt-5.4', messages: [{ role: 'user' as const, content: 'x' }], ...request };
  return refuseUnsupported(whole, 'openai', {}, api).map(({ param }) => param);
}

const asked: [param: string, request: Partial<ChatRequest>][] = [
  ['n', { n: 2 }],
  ['presence_penalty', { presence_penalty: 0.5 }],
  ['frequency_penalty', { frequency_penalty: -1 }],
  ['logit_bias', { logit_bias: { 5: 1 } }],
  ['stop', { stop: 'END' }],
  ['stop', { stop: ['END'] }],
];

describe('a model on the Responses API', () => {
  it.each(asked)('is not asked for %s: %j', (param, request) => {
    expect(refused(request, 'responses')).toEqual([param]);
    expect(refused(request, 'chat')).toEqual([]);
    expect(refused(request)).toEqual([]);
  });

  it('takes what asks for nothing, and hints', () => {
    const neutral = { n: 1, presence_penalty: 0, frequency_penalty: 0, logit_bias: {}, stop: [], seed: 7 };
    expect(refused(neutral, 'responses')).toEqual([]);
  });
});
