import { expect, it } from 'vitest';
import { createFitIds } from '../../../src/shared/chat/fit-ids.ts';

const toLetters = (id: string) => id.replace(/[^a-z0-9]/g, '_');

it.each<[string, string[][], string[][]]>([
  ['ids that fit stay', [['a', 'b'], ['c']], [['a', 'b'], ['c']]],
  ['others are made to fit', [['a:0']], [['a_0']]],
  ['those of two turns are two', [['a:0'], ['a:0']], [['a_0'], ['a_0_2']]],
  ['those of one turn are two', [['a', 'a']], [['a', 'a_2']]],
  ['what they become is no other’s', [['a_0', 'a:0']], [['a_0', 'a_0_2']]],
])('%s', (_what, turns, expected) => {
  const ids = createFitIds(toLetters);
  for (const [index, turn] of turns.entries()) {
    expect(ids.ofCalls(turn)).toEqual(expected[index]);
    expect(turn.map((id) => ids.ofResult(id))).toEqual(expected[index]);
  }
});

it('a result of no call has an id that fits', () => {
  expect(createFitIds(toLetters).ofResult('a:0')).toBe('a_0');
});
