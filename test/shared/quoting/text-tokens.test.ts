import { describe, expect, it, test } from 'vitest';
import { emptyMeasure, measureText } from '../../../src/shared/quoting/text-tokens.ts';
import { hostileTexts, ordinaryTexts } from './samples.ts';

function measure(text: string) {
  const into = emptyMeasure();
  measureText(text, into);
  return into;
}

/** How often a text's units are looked at while it is measured. */
function looks(text: string): number {
  let count = 0;
  const counted = {
    length: text.length,
    charCodeAt(at: number) {
      count += 1;
      return text.charCodeAt(at);
    },
    toString: () => text,
  };
  const original = Buffer.byteLength;
  Buffer.byteLength = () => 0;
  try {
    measureText(counted as unknown as string, emptyMeasure());
  } finally {
    Buffer.byteLength = original;
  }
  return count;
}

describe('counting text', () => {
  test.each(Object.keys(hostileTexts(1)))('looks at each unit of %s once, however long it is', (name) => {
    const perUnit = (length: number) => looks(hostileTexts(length)[name] ?? '') / length;
    expect(perUnit(1_000)).toBe(1);
    expect(perUnit(16_000)).toBe(1);
  });

  it('counts nothing in an empty text', () => {
    expect(measure('')).toEqual({ tokens: 0, digits: 0, digitGroups: 0, utf8Bytes: 0 });
  });

  it('adds texts up', () => {
    const into = emptyMeasure();
    measureText('one 2', into);
    measureText('three 45678', into);
    expect(into.digits).toBe(6);
    expect(into.digitGroups).toBe(3);
    expect(into.tokens).toBeCloseTo(measure('one 2').tokens + measure('three 45678').tokens);
    expect(into.utf8Bytes).toBe(16);
  });

  it('takes gibberish for more tokens than words of the same length', () => {
    expect(measure('xqzvkjwq').tokens).toBeGreaterThan(2 * measure('sunlight').tokens);
  });

  it('takes rare Han characters for more than common ones', () => {
    expect(measure('\u9f98\u9fa0\u7c72').tokens).toBeGreaterThan(measure('的一是').tokens);
  });

  // Counts by o200k_base, taken once with a tokenizer that is no dependency (it is quadratic on hostile
  // text).
  test.each([
    ['English', 441],
    ['TypeScript', 480],
    ['JSON', 682],
    ['Russian', 381],
    ['Chinese', 480],
    ['Japanese', 460],
    ['Korean', 342],
    ['numbers', 1200],
  ])('is at most 26 % below and 80 % above a real tokenizer on %s', (name, real) => {
    const { tokens, digitGroups } = measure(ordinaryTexts[name] ?? '');
    expect((tokens + digitGroups) / real).toBeGreaterThan(0.74);
    expect((tokens + digitGroups) / real).toBeLessThan(1.8);
  });
});
