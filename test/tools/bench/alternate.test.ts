import { expect, test } from 'vitest';
import { alternate } from '../../../tools/bench/alternate.ts';

test('sides are measured in turn, in turned order every second round, and their values kept by round', async () => {
  const submission: string[] = [];
  const side = (name: string) => async () => {
    submission.push(name);
    return `${name}${submission.length}`;
  };
  const measured = await alternate(2, { gateway: side('g'), floor: side('f') });
  expect(submission).toEqual(['g', 'f', 'f', 'g']);
  expect(measured).toEqual({ gateway: ['g1', 'g4'], floor: ['f2', 'f3'] });
});
