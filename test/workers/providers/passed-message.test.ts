import { expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { passedMessageOf } from '../../../src/workers/providers/passed-message.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';

type Fields = Record<string, unknown>;

/** What Claude is sent of a body that goes through. */
function sent(body: Fields, model = 'claude-haiku-4-5'): Fields {
  const request = { pass_through: { dialect: 'messages', body } } as unknown as ChatRequest;
  const call = { request, model, maxOutputTokens: 9000 } as ProviderCall;
  return passedMessageOf(call)?.body as unknown as Fields;
}

const user = { role: 'user', content: 'hi' };
const late = { role: 'system', content: 'Be brief.' };
const folded = { role: 'user', content: [{ type: 'text', text: '<system>\nBe brief.\n</system>' }] };
const answer = { role: 'assistant', content: 'yes' };

it.each<[string, string, object[], object[]]>([
  [
    'stays where the model takes it',
    'claude-opus-4-8',
    [user, late, answer, user],
    [user, late, answer, user],
  ],
  [
    'is folded where it takes none',
    'claude-haiku-4-5',
    [user, late, answer, user],
    [user, folded, answer, user],
  ],
  ['is folded before a turn of the user’s', 'claude-opus-4-8', [user, late, user], [user, folded, user]],
])('an instruction between turns %s', (_what, model, messages, expected) => {
  expect(sent({ messages }, model)['messages']).toEqual(expected);
});

const thinking = { type: 'enabled', budget_tokens: 4000 };
const thought = { type: 'thinking', thinking: 'hm', signature: 's' };
const use = { type: 'tool_use', id: 'a', name: 'look', input: {} };
const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'x' }] };
const turns = (...content: object[]) => [user, { role: 'assistant', content }, result];
const clearing = { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }, { type: 'clear_tool_uses' }] };

it.each<[string, Fields, Fields]>([
  ['calls with their thinking', { thinking, messages: turns(thought, use) }, { thinking }],
  ['calls that lost it', { thinking, messages: turns(use) }, {}],
  ['a new question', { thinking, messages: [...turns(use), answer, user] }, { thinking }],
  [
    'adaptive thinking',
    { thinking: { type: 'adaptive' }, messages: turns(use) },
    { thinking: { type: 'adaptive' } },
  ],
  [
    'what clears it from the context',
    { thinking, context_management: clearing, messages: turns(use) },
    { context_management: { edits: [{ type: 'clear_tool_uses' }] } },
  ],
])('%s: it is asked to think where it can', (_what, body, expected) => {
  const { messages, model, max_tokens, ...rest } = sent(body);
  expect([messages, model, max_tokens]).toEqual([body['messages'], 'claude-haiku-4-5', 9000]);
  expect(rest).toEqual(expected);
});
