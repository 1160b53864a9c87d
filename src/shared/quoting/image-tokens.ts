import type { ImageRule } from '../catalogue/image-rule.ts';
import type { ImageSize } from './image-formats.ts';

type Detail = 'auto' | 'low' | 'high';

/**
 * The most 512-pixel squares an image has after it is fitted into 2,048 × 2,048 and its short side to 768.
 */
const openaiTilesMax = 8;
const geminiTileTokens = 258;
/** 2 × 12 tiles: a 3,072-pixel banner cut into tiles of the least size, 256. */
const geminiTilesMax = 24;

function openaiTiles({ width, height }: ImageSize): number {
  const fit = Math.min(1, 2048 / Math.max(width, height));
  const scale = fit * Math.min(1, 768 / (Math.min(width, height) * fit));
  const tiles = Math.ceil((width * scale) / 512) * Math.ceil((height * scale) / 512);
  return Math.min(openaiTilesMax, Math.max(1, tiles));
}

function geminiTiles({ width, height }: ImageSize): number {
  if (width <= 384 && height <= 384) return 1;
  const side = Math.min(768, Math.max(256, Math.floor(Math.min(width, height) / 1.5)));
  return Math.min(geminiTilesMax, Math.ceil(width / side) * Math.ceil(height / side));
}

function patchTokens(
  rule: { patchesMax: number; multiplierPermille: number },
  size: ImageSize | null,
): number {
  const patches = size === null ? rule.patchesMax : Math.ceil(size.width / 32) * Math.ceil(size.height / 32);
  return Math.ceil((Math.min(patches, rule.patchesMax) * rule.multiplierPermille) / 1000);
}

function areaTokens({ width, height }: ImageSize): number {
  return Math.max(Math.ceil((width * height) / 750), Math.ceil(width / 28) * Math.ceil(height / 28));
}

/**
 * At most how many tokens an image costs; without a size, the provider's maximum. `detail: low` lowers it
 * only where it is known to (tile models). Source: the providers' vision guides; multipliers are the higher
 * of those published and those users measured.
 */
export function imageTokens(rule: ImageRule, size: ImageSize | null, detail: Detail): number {
  switch (rule.kind) {
    case 'tiles': {
      const tiles = size === null ? openaiTilesMax : openaiTiles(size);
      return rule.base + (detail === 'low' ? 0 : rule.tile * tiles);
    }
    case 'patches':
      return patchTokens(rule, size);
    case 'area':
      return size === null ? rule.tokensMax : Math.min(rule.tokensMax, areaTokens(size));
    case 'gemini-tiles':
      return geminiTileTokens * (size === null ? geminiTilesMax : geminiTiles(size));
    case 'fixed':
      return rule.tokens;
  }
}
