import { expect, it } from 'vitest';
import { toPlainTurns } from '../../../src/workers/providers/openai-plain-turns.ts';

const system = (content: string) => ({ role: 'system', content });
const user = (content: unknown) => ({ role: 'user', content });
const answer = { role: 'assistant', content: 'yes' };
const picture = { type: 'image_url', image_url: { url: 'https://img.example/a' } };
const text = (words: string) => ({ type: 'text', text: words });

it.each<[string, object[], object[]]>([
  [
    'turns that alternate stay',
    [system('s'), user('a'), answer, user('b')],
    [system('s'), user('a'), answer, user('b')],
  ],
  [
    'instructions at the beginning are one',
    [system('s'), system('t'), user('a')],
    [system('s\n\nt'), user('a')],
  ],
  [
    'one between turns is said by the user',
    [system('s'), user('a'), answer, system('t'), user('b')],
    [system('s'), user('a'), answer, user('<system>\nt\n</system>\n\nb')],
  ],
  ['what a user says in a row is one turn', [user('a'), user('b')], [user('a\n\nb')]],
  ['with what it shows', [user('a'), user([picture]), user('b')], [user([text('a'), picture, text('b')])]],
  [
    'of two users with their names',
    [
      { ...user('a'), name: 'ann' },
      { ...user('b'), name: 'ann' },
      { ...user([picture]), name: 'bob' },
      user('c'),
    ],
    [user([text('ann: a\n\nb'), text('bob: '), picture, text('c')])],
  ],
  ['answers in a row stay', [user('a'), answer, answer], [user('a'), answer, answer]],
])('%s', (_what, turns, expected) => {
  expect(toPlainTurns(turns as Record<string, unknown>[])).toEqual(expected);
});
