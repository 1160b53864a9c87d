import { expect, test } from 'vitest';
import { median, quantile, type Row, ratioOf } from '../../../tools/bench/row.ts';

const row = (values: number[], baseline: number[] | null): Row => ({
  figure: 'intake',
  name: 'one account',
  unit: 'jobs/s',
  values,
  baseline: baseline === null ? null : { name: 'the floor', values: baseline },
});

test('the median is the middle value, or the mean of the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('a quantile lies between two neighbours in proportion, whatever their order', () => {
  expect(quantile([30, 10, 20], 0.25)).toBe(15);
  expect(quantile([30, 10, 20], 1)).toBe(30);
  expect(quantile([7], 0.99)).toBe(7);
});

test('a ratio is the median of the rounds, so that a slow round counts on both sides', () => {
  expect(ratioOf(row([100, 10, 50], [200, 20, 50]))).toBe(0.5);
});

test('sides that were measured a different number of times are compared by their medians', () => {
  expect(ratioOf(row([100, 300], [400]))).toBe(0.5);
});

test('without a baseline there is no ratio', () => {
  expect(ratioOf(row([1], null))).toBeNull();
});
