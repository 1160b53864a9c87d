import { characterWeights, rarePairs } from './character-weights.ts';

/** What one pass over a text found; sums of these are what a bound is made of. */
export type TextMeasure = {
  /** Estimated tokens of everything but digits. */
  tokens: number;
  digits: number;
  /**
   * Tokens of the digits where a tokenizer takes up to three at a time (OpenAI's); others may take one each.
   */
  digitGroups: number;
  utf8Bytes: number;
};

/** A measure of nothing, to add texts to. */
export function emptyMeasure(): TextMeasure {
  return { tokens: 0, digits: 0, digitGroups: 0, utf8Bytes: 0 };
}

/** Kinds of runs; anything that is not printable ASCII or white space stands alone. */
const alone = 0;
const letter = 1;
const digit = 2;
const space = 3;
const punctuation = 4;

function buildKinds(): Uint8Array {
  const kinds = new Uint8Array(128).fill(punctuation);
  kinds.fill(alone, 0, 32).fill(alone, 127).fill(space, 9, 14).fill(space, 32, 33);
  return kinds.fill(digit, 48, 58).fill(letter, 65, 91).fill(letter, 97, 123);
}

const asciiKinds = buildKinds();

/** Tokens of one piece of a word: short ones are one token, unusual ones as much as nearly one per letter. */
function pieceTokens(length: number, capitals: number, rare: number): number {
  let tokens = length / 4.5;
  if (length <= 4) tokens = 1;
  else if (length <= 8) tokens = 1.25;
  else if (length <= 12) tokens = 1.9;
  if (capitals > 1) tokens = Math.max(tokens, capitals / 2.6);
  return Math.max(1, Math.min(tokens + rare * 0.8, length * 0.95));
}

/** One space before a word belongs to the word; long runs of one kind of space are cheap, changes are not. */
function spaceTokens(length: number, changes: number, last: number, next: number): number {
  if (length > 1 || last !== 32) return 0.85 + changes * 0.65 + length / 14;
  return next === digit ? 0.8 : 0;
}

/**
 * One character after another of one kind. `odd` counts rare pairs among letters and changes among spaces.
 */
type Run = { kind: number; length: number; capitals: number; odd: number; last: number };

function runTokens(run: Run, next: number): number {
  if (run.kind === letter) return pieceTokens(run.length, run.capitals, run.odd);
  if (run.kind === space) return spaceTokens(run.length, run.odd, run.last, next);
  return run.kind === punctuation && run.length > 0 ? 0.8 + (run.length - 1) * 0.65 : 0;
}

function closeRun(run: Run, next: number, into: TextMeasure): void {
  if (run.kind === digit) {
    into.digits += run.length;
    into.digitGroups += Math.ceil(run.length / 3);
  } else if (run.kind !== alone) {
    into.tokens += runTokens(run, next);
  }
  run.kind = next;
  run.length = 0;
  run.capitals = 0;
  run.odd = 0;
}

function lengthen(run: Run, code: number): void {
  if (run.kind === letter) {
    if (code < 97) run.capitals += 1;
    if (run.length > 0) run.odd += rarePairs[(run.last & 31) * 32 + (code & 31)] ?? 0;
  } else if (run.kind === space && run.length > 0 && code !== run.last) {
    run.odd += 1;
  }
  run.length += 1;
  run.last = code;
}

/**
 * Adds one text to a measure. Looks at every UTF-16 unit once, whatever the text: an exact tokenizer is
 * quadratic on hostile text and would stop the process for seconds.
 */
export function measureText(text: string, into: TextMeasure): void {
  const run: Run = { kind: alone, length: 0, capitals: 0, odd: 0, last: 0 };
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const kind = code < 128 ? (asciiKinds[code] ?? alone) : alone;
    // Tokenizers cut words before a capital that follows a small letter.
    const isCut = kind !== run.kind || (kind === letter && code < 97 && run.last >= 97);
    if (isCut) closeRun(run, kind, into);
    if (kind === alone) into.tokens += characterWeights[code] ?? 3;
    else lengthen(run, code);
  }
  closeRun(run, alone, into);
  into.utf8Bytes += Buffer.byteLength(text, 'utf8');
}
