/**
 * How a provider turns an image into tokens.
 *
 * - `tiles`: OpenAI up to gpt-5.1: `base`, and `tile` for each 512-pixel square after scaling.
 * - `patches`: OpenAI's newer and smaller models: 32-pixel patches up to a maximum, times a multiplier.
 * - `area`: Anthropic: width × height / 750 up to a maximum.
 * - `gemini-tiles`: Gemini 2.x: 258 for each tile.
 * - `fixed`: the same for every image.
 */
export type ImageRule =
  | { kind: 'tiles'; base: number; tile: number }
  | { kind: 'patches'; patchesMax: number; multiplierPermille: number }
  | { kind: 'area'; tokensMax: number }
  | { kind: 'gemini-tiles' }
  | { kind: 'fixed'; tokens: number };
