import { expect, it } from 'vitest';
import { aftermathMs, createOutages } from '../../../tools/chaos/outages.ts';

let nowMs = 0;
const at = (ms: number) => {
  nowMs = ms;
};

it('counts all time while nothing is away', () => {
  expect(createOutages(() => nowMs).countedMs(1000, 4000)).toBe(3000);
});

it('counts from when everything is back, however often something was away', () => {
  const outages = createOutages(() => nowMs);
  at(10_000);
  const server = outages.begin('server');
  at(10_500);
  outages.note('tickets');
  at(12_000);
  server();
  const backAtMs = 10_500 + aftermathMs.tickets;
  expect(outages.countedMs(9000, backAtMs + 700)).toBe(700);
  expect(outages.countedMs(9000, 9800)).toBe(800);
  expect(outages.countedMs(10_100, 11_000)).toBe(0);
  expect(outages.countedMs(backAtMs, backAtMs + 50)).toBe(50);
});

it('counts nothing of what ends while something is away', () => {
  const outages = createOutages(() => nowMs);
  at(2000);
  outages.begin('server');
  expect(outages.countedMs(1500, 99_000)).toBe(0);
});
