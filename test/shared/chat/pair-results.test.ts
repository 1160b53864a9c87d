import { expect, it } from 'vitest';
import type { Message } from '../../../src/shared/chat/chat.ts';
import { pairResults } from '../../../src/shared/chat/pair-results.ts';

/** A history in short: `a:x,y` calls x and y, `x` is a result of x, `u` and `s` are other turns. */
function read(turns: string): Message[] {
  return turns.split(' ').map((turn): Message => {
    const calls = /^a:(.+)$/.exec(turn)?.[1]?.split(',');
    if (calls !== undefined) {
      const call = (id: string) => ({
        id,
        type: 'function' as const,
        function: { name: 'f', arguments: '' },
      });
      return { role: 'assistant', tool_calls: calls.map(call) };
    }
    if (turn === 'u') return { role: 'user', content: 'u' };
    if (turn === 's') return { role: 'system', content: 's' };
    return { role: 'tool', tool_call_id: turn, content: turn };
  });
}

it.each([
  ['stay where they fit', 'u a:x,y x y u', 'u a:x,y x y u'],
  ['keep the order in which they came', 'u a:x,y y x', 'u a:x,y y x'],
  ['come to their call from behind a user', 'u a:x u x', 'u a:x x u'],
  ['come to their call from behind an instruction', 'u a:x s x u', 'u a:x x s u'],
  ['come to their call from behind another turn', 'u a:x a:y y x', 'u a:x x a:y y'],
  ['belong to the newest call of an id that is used again', 'a:x x u a:x x', 'a:x x u a:x x'],
  ['are matched though two calls share an id', 'a:x a:x x x', 'a:x x a:x x'],
  ['stay when there is no call', 'u x a:y y', 'u x a:y y'],
  ['stay when the call comes later', 'u x a:x', 'u x a:x'],
])('results %s', (_what, given, expected) => {
  expect(pairResults(read(given))).toEqual(read(expected));
});
