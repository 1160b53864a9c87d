import { expect, test } from 'vitest';
import { createStopCut } from '../../../src/workers/providers/stop-cut.ts';

test.each<[string[], string[], string, string | null]>([
  [['\n'], ['one', ' line\ntwo'], 'one line', '\n'],
  [['\n\n'], ['a\n', 'b\n', '\nc'], 'a\nb', '\n\n'],
  [['\n\n'], ['a\n'], 'a\n', null],
  [['\n\n', '\t'], ['a\tb\n\n'], 'a', '\t'],
  [['  \n'], ['a  ', ' \nb'], 'a ', '  \n'],
  [['\n'], ['\nx'], '', '\n'],
  [['\n'], ['a\n', 'b\n'], 'a', '\n'],
])('%j in %j', (sequences, pieces, expected, met) => {
  const cut = createStopCut(sequences);
  const shown = pieces.map((piece) => cut.add(piece)).join('') + cut.rest();
  expect(shown).toBe(expected);
  expect(cut.met()).toBe(met);
});

test('shows at once what cannot be the beginning of a sequence', () => {
  const cut = createStopCut(['\n\n']);
  expect([cut.add('a'), cut.add('\n'), cut.add('b')]).toEqual(['a', '', '\nb']);
});
