import { expect, it } from 'vitest';
import { withMissing } from '../../../../src/shared/formats/common/with-missing.ts';

const full = { a: 1, b: null, c: { d: 2, e: [3] }, tools: [{ name: 'x', strict: null }] };

it.each<[what: string, given: Record<string, unknown>, expected: object]>([
  ['nothing', {}, full],
  ['null', { a: null }, { ...full, a: null }],
  ['a part of an object', { c: { d: 9 } }, { ...full, c: { d: 9, e: [3] } }],
  ['an object of another kind', { c: 'text' }, { ...full, c: 'text' }],
  ['fields that the other has not', { later: {} }, { ...full, later: {} }],
  ['as many elements', { tools: [{ name: 'y' }] }, { ...full, tools: [{ name: 'y', strict: null }] }],
  ['other elements', { tools: [{ name: 'y' }, {}] }, { ...full, tools: [{ name: 'y' }, {}] }],
  ['a list in place of a text', { a: [1] }, { ...full, a: [1] }],
])('an object that has %s keeps it and gets the rest', (_, given, expected) => {
  expect(withMissing(given, full)).toEqual(expected);
});

it('what there is stays where it is', () => {
  expect(Object.keys(withMissing({ z: 1, c: {}, a: 2 }, full))).toEqual(['z', 'c', 'a', 'b', 'tools']);
});
