import { expect, test } from 'vitest';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { answerBytesMax, eventBytesMax, tokensOfBytes } from '../../../src/workers/providers/answer-size.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';

const mib = 1024 * 1024;
const ceiling = 128 * mib;
const callOf = (maxOutputTokens: number, request: Partial<ChatRequest> = {}) =>
  ({ maxOutputTokens, request: { model: 'm', messages: [], ...request } }) as unknown as ProviderCall;
const alternatives = { logprobs: true, top_logprobs: 20 };

test.each<[string, ProviderCall, number]>([
  ['a short text', callOf(100), 16 * mib + 100 * 48],
  ['each choice as much', callOf(100, { n: 8 }), 16 * mib + 800 * 48],
  ['log probabilities', callOf(100, { logprobs: true }), 16 * mib + 100 * (48 + 512)],
  ['their alternatives', callOf(100, alternatives), 16 * mib + 100 * (48 + 21 * 512)],
  ['no more than there is memory for', callOf(16_384, { n: 8, ...alternatives }), ceiling],
])('an answer may be as large as what was asked for can be: %s', (_what, call, bytes) => {
  expect(answerBytesMax(call, ceiling)).toBe(bytes);
});

test('one event of a stream may hold all of the text', () => {
  expect(eventBytesMax(callOf(100_000), ceiling)).toBe(mib + 100_000 * 48);
  expect(eventBytesMax(callOf(10_000_000), ceiling)).toBe(ceiling);
});

test.each<[string, ProviderCall, number, number]>([
  ['text', callOf(1000), 4800, 100],
  ['alternatives', callOf(1000, alternatives), 172_800, 100],
  ['never more than was asked for', callOf(1000, { n: 2 }), 64 * mib, 2000],
])('an answer nobody could read is counted by its size: %s', (_what, call, bytes, tokens) => {
  expect(tokensOfBytes(call, bytes)).toBe(tokens);
});
