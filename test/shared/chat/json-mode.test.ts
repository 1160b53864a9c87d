import { expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { forcesJsonTool, isJsonMode } from '../../../src/shared/chat/json-mode.ts';

const json: Partial<ChatRequest> = { response_format: { type: 'json_object' } };
const schemaless: Partial<ChatRequest> = {
  response_format: { type: 'json_schema', json_schema: { name: 'x' } },
};
const tools = [{ type: 'function' as const, function: { name: 'f' } }];

it.each<[string, Partial<ChatRequest>, boolean]>([
  ['JSON mode', json, true],
  ['a schema that is left out', schemaless, true],
  [
    'an effort that does not ask for thinking',
    { ...json, reasoning_effort: 'low', effort_alone: true },
    true,
  ],
  ['thinking switched off', { ...json, reasoning_effort: 'none' }, true],
  ['thinking', { ...json, reasoning_effort: 'low' }, false],
  ['tools of the client', { ...json, tools }, false],
  ['text', { response_format: { type: 'text' } }, false],
  ['nothing', {}, false],
])('a tool is forced for %s: %s', (_what, request, expected) => {
  expect(forcesJsonTool({ model: 'm', messages: [], ...request })).toBe(expected);
});

it('a schema is no JSON mode', () => {
  expect(isJsonMode({ type: 'json_schema', json_schema: { name: 'x', schema: {} } })).toBe(false);
});
