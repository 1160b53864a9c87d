import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import type { Provider, ProviderCall } from '../../../src/workers/providers/provider.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../../support/recording-upstream.ts';
import { completed, connect, failed } from './setup.ts';

type Fields = Record<string, unknown>;

let upstream: RecordingUpstream;
let provider: Provider;
beforeAll(async () => {
  upstream = await startRecordingUpstream();
  provider = connect('compatible', upstream.url);
});
beforeEach(() => {
  upstream.calls.length = 0;
});
afterAll(async () => {
  await provider.close();
  await upstream.close();
});

const answer = {
  id: 'c',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};
const turnsOf = (text: string) => (JSON.parse(text) as { messages: Fields[] }).messages;
const kimi = 'thinking is enabled but reasoning_content is missing in assistant tool call message at index 1';
const deepseek = 'The `reasoning_content` in the thinking mode must be passed back to the API.';
const older = 'Missing `reasoning_content` field in the assistant message at message index 1.';

/** A server that goes on only with what it thought; an empty text is none. */
function refuseWith(message: string): void {
  upstream.reply = ({ text }) =>
    turnsOf(text).every(({ role, reasoning_content: thought }) => role !== 'assistant' || Boolean(thought))
      ? { json: JSON.stringify(answer) }
      : { status: 400, json: JSON.stringify({ error: { message, type: 'invalid_request_error' } }) };
}

const user = { role: 'user', content: 'hi' };
const called = (more: object = {}) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } }],
  ...more,
});
const result = { role: 'tool', tool_call_id: 'a', content: 'x' };
const claude = { anthropic: { content: [{ type: 'thinking', thinking: 'hm', signature: 's' }] } };

function ask(messages: object[], passes: boolean) {
  const body = { model: 'kimi', messages };
  return provider.call({
    attemptId: 'att_1',
    model: 'kimi',
    request: {
      ...body,
      ...(passes && { pass_through: { dialect: 'chat', body } }),
    } as ChatRequest,
    maxOutputTokens: 100,
    stream: false,
    reasons: true,
    signal: new AbortController().signal,
    onDelta: () => undefined,
  } satisfies ProviderCall);
}

for (const passes of [false, true]) {
  it.each<[string, string, object, string]>([
    ['a client lost it, at Kimi', kimi, called(), ' '],
    ['a client lost it, at DeepSeek', deepseek, called(), ' '],
    ['a client lost it, at an older DeepSeek', older, called(), ' '],
    ['another provider thought', kimi, called({ reasoning_content: 'hm', extra_content: claude }), ' '],
  ])(
    `a turn is given back with a blank where ${passes ? 'in a body that passes ' : ''}%s`,
    async (_what, words, turn, thought) => {
      refuseWith(words);
      completed(await ask([user, turn, result], passes));
      const sent = upstream.calls.map(({ text }) => turnsOf(text)[1]?.['reasoning_content']);
      expect(sent).toEqual([undefined, thought]);
    },
  );
}

it('what it thought itself goes back as it is', async () => {
  refuseWith(kimi);
  completed(
    await ask(
      [user, called({ reasoning_content: 'hm' }), result, { role: 'assistant', content: 'a' }, user],
      false,
    ),
  );
  expect(turnsOf(upstream.calls[1]?.text ?? '').map((turn) => turn['reasoning_content'])).toEqual([
    undefined,
    'hm',
    undefined,
    ' ',
    undefined,
  ]);
});

it('another refusal is the answer', async () => {
  refuseWith('reasoning_content is not supported');
  failed(await ask([user, called(), result], false));
  expect(upstream.calls).toHaveLength(1);
});
