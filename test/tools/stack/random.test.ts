import { expect, it } from 'vitest';
import { seededRandom } from '../../../tools/stack/random.ts';

const draw = (seed: number) => Array.from({ length: 20 }, seededRandom(seed).next);

it('gives the same numbers for the same seed, and others for another', () => {
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  // As it was when a seed was written down: a change here would make old seeds useless.
  expect(draw(7).slice(0, 2)).toMatchInlineSnapshot(`
    [
      0.011704753153026104,
      0.06195825757458806,
    ]
  `);
});

it('spreads its numbers evenly over [0, 1)', () => {
  const random = seededRandom(1);
  const numbers = Array.from({ length: 10_000 }, random.next);
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  for (let tenth = 0; tenth < 10; tenth++) {
    const share = numbers.filter((number) => Math.floor(number * 10) === tenth).length;
    expect(share).toBeGreaterThan(850);
    expect(share).toBeLessThan(1150);
  }
  const hits = numbers.filter(() => random.chance(0.2)).length;
  expect(hits).toBeGreaterThan(1800);
  expect(hits).toBeLessThan(2200);
  expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
});

it('forks children that do not depend on what was drawn before', () => {
  const fresh = seededRandom(3);
  const used = seededRandom(3);
  used.next();
  expect(used.fork('a').next()).toBe(fresh.fork('a').next());
  expect(fresh.fork('a').next()).not.toBe(fresh.fork('b').next());
  expect(fresh.fork('a').fork('b').next()).not.toBe(fresh.fork('a,b').next());
  expect(fresh.fork('a').next()).not.toBe(fresh.next());
});

it('chooses among what there is', () => {
  const random = seededRandom(5);
  const list = Object.freeze([1, 2, 3, 4, 5, 6, 7, 8]);
  const picked = new Set(Array.from({ length: 200 }, () => random.pick(list)));
  expect([...picked].sort()).toEqual(list);
  const shuffled = random.shuffle(list);
  expect(shuffled).not.toEqual(list);
  expect([...shuffled].sort()).toEqual(list);
  expect(new Set(Array.from({ length: 100 }, () => random.int(3)))).toEqual(new Set([0, 1, 2]));
  expect(() => random.pick([])).toThrow(RangeError);
  expect(() => random.int(0)).toThrow(RangeError);
});
