import { describe, expect, it, test } from 'vitest';
import type { ImageRule } from '../../../src/shared/catalogue/image-rule.ts';
import { imageTokens } from '../../../src/shared/quoting/image-tokens.ts';

describe('the tokens of an image', () => {
  const gpt4o: ImageRule = { kind: 'tiles', base: 85, tile: 170 };
  const mini: ImageRule = { kind: 'patches', patchesMax: 1536, multiplierPermille: 1620 };
  const claude: ImageRule = { kind: 'area', tokensMax: 1640 };
  const gemini: ImageRule = { kind: 'gemini-tiles' };

  // The first two are OpenAI's own examples.
  test.each([
    ['1024 x 1024 in tiles', gpt4o, [1024, 1024], 'high', 765],
    ['2048 x 4096 in tiles', gpt4o, [2048, 4096], 'high', 1105],
    ['low detail in tiles', gpt4o, [2048, 4096], 'low', 85],
    ['unknown size in tiles: the most there can be', gpt4o, null, 'auto', 1445],
    ['1024 x 1024 in patches', mini, [1024, 1024], 'auto', 1659],
    ['low detail does not lower patches', mini, [1024, 1024], 'low', 1659],
    ['a huge image in patches: the maximum', mini, [9000, 9000], 'high', 2489],
    ['1000 x 1000 by area', claude, [1000, 1000], 'auto', 1334],
    ['a huge image by area: the maximum', claude, [8000, 8000], 'auto', 1640],
    ['a small image for Gemini: one tile', gemini, [384, 384], 'auto', 258],
    ['960 x 540 for Gemini: six tiles', gemini, [960, 540], 'auto', 1548],
    ['unknown size for Gemini', gemini, null, 'auto', 6192],
    ['a fixed price', { kind: 'fixed', tokens: 7 }, null, 'auto', 7],
  ] as const)('%s', (_promise, rule, size, detail, tokens) => {
    const known = size === null ? null : { width: size[0], height: size[1] };
    expect(imageTokens(rule, known, detail)).toBe(tokens);
  });

  it('are never more with a size than without one', () => {
    for (const rule of [gpt4o, mini, claude, gemini]) {
      for (const [width, height] of [
        [1, 1],
        [1, 9999],
        [383, 9999],
        [3072, 400],
        [2048, 768],
        [9999, 9999],
      ]) {
        const known = imageTokens(rule, { width: width ?? 0, height: height ?? 0 }, 'high');
        expect(known).toBeLessThanOrEqual(imageTokens(rule, null, 'high'));
      }
    }
  });
});
