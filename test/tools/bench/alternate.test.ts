import { expect, test } from 'vitest';
import { alternate } from '../../../tools/bench/alternate.ts';

test('sides are measured in turn, in turned order every second round, and their values kept by round', async () => {
  const order: string[] = [];
  const side = (name: string) => async () => {
    order.push(name);
    return `${name}${order.length}`;
  };
  const measured = await alternate(2, { gateway: side('g'), floor: side('f') });
  expect(order).toEqual(['g', 'f', 'f', 'g']);
  expect(measured).toEqual({ gateway: ['g1', 'g4'], floor: ['f2', 'f3'] });
});
