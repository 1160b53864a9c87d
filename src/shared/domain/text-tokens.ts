import { characterWeights, rarePairs } from './character-weights.ts';

/** What one pass over a text found; sums of these are what a bound is made of. */
export type TextMeasure = {
  /** Estimated tokens of everything but digits. */
  tokens: number;
  digits: number;
  /** Tokens of the digits where a tokenizer takes up to three at a time (OpenAI's); others may take one each. */
  digitGroups: number;
  utf8Bytes: number;
};

/** A measure of nothing, to add texts to. */
export function emptyMeasure(): TextMeasure {
  return { tokens: 0, digits: 0, digitGroups: 0, utf8Bytes: 0 };
}

const isLetter = (code: number) => ((code | 32) - 97) >>> 0 < 26;
const isDigit = (code: number) => (code - 48) >>> 0 < 10;
const isSpace = (code: number) => code === 32 || (code - 9) >>> 0 < 5;

/** Tokens of one piece of a word: short ones are one token, unusual ones as much as nearly one per letter. */
function pieceTokens(length: number, capitals: number, rare: number): number {
  let tokens = length / 4.5;
  if (length <= 4) tokens = 1;
  else if (length <= 8) tokens = 1.25;
  else if (length <= 12) tokens = 1.9;
  if (capitals > 1) tokens = Math.max(tokens, capitals / 2.6);
  return Math.max(1, Math.min(tokens + rare * 0.8, length * 0.95));
}

/** A run of ASCII letters, cut before each capital that follows a small letter, as tokenizers cut it. */
function scanWord(text: string, start: number, into: TextMeasure): number {
  let at = start;
  let pieceStart = start;
  let capitals = 0;
  let rare = 0;
  let previous = 0;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (!isLetter(code)) break;
    const isCapital = code < 97;
    if (isCapital && previous >= 97) {
      into.tokens += pieceTokens(at - pieceStart, capitals, rare);
      pieceStart = at;
      capitals = 0;
      rare = 0;
    } else {
      rare += rarePairs[(previous & 31) * 32 + (code & 31)] ?? 0;
    }
    if (isCapital) capitals += 1;
    previous = code;
  }
  into.tokens += pieceTokens(at - pieceStart, capitals, rare);
  return at;
}

function scanDigits(text: string, start: number, into: TextMeasure): number {
  let at = start + 1;
  while (at < text.length && isDigit(text.charCodeAt(at))) at += 1;
  into.digits += at - start;
  into.digitGroups += Math.ceil((at - start) / 3);
  return at;
}

/** White space: one space before a word belongs to the word; long runs of one kind are cheap, changes are not. */
function scanSpaces(text: string, start: number, into: TextMeasure): number {
  let at = start + 1;
  let changes = 0;
  for (; at < text.length && isSpace(text.charCodeAt(at)); at += 1) {
    if (text.charCodeAt(at) !== text.charCodeAt(at - 1)) changes += 1;
  }
  const length = at - start;
  if (length > 1 || text.charCodeAt(start) !== 32) into.tokens += 0.85 + changes * 0.65 + length / 14;
  else if (at < text.length && isDigit(text.charCodeAt(at))) into.tokens += 0.8;
  return at;
}

const isPunctuation = (code: number) => code < 128 && !isLetter(code) && !isDigit(code) && !isSpace(code);

function scanPunctuation(text: string, start: number, into: TextMeasure): number {
  let at = start + 1;
  while (at < text.length && isPunctuation(text.charCodeAt(at))) at += 1;
  into.tokens += 0.8 + (at - start - 1) * 0.65;
  return at;
}

function scanRun(text: string, at: number, into: TextMeasure): number {
  const code = text.charCodeAt(at);
  if (isLetter(code)) return scanWord(text, at, into);
  if (isSpace(code)) return scanSpaces(text, at, into);
  if (code < 128) return isDigit(code) ? scanDigits(text, at, into) : scanPunctuation(text, at, into);
  into.tokens += characterWeights[code] ?? 3;
  return at + 1;
}

/**
 * Adds one text to a measure. Looks at every UTF-16 unit a constant number of times, whatever the text: an exact
 * tokenizer is quadratic on hostile text and would stop the process for seconds.
 */
export function measureText(text: string, into: TextMeasure): void {
  let at = 0;
  while (at < text.length) at = scanRun(text, at, into);
  into.utf8Bytes += Buffer.byteLength(text, 'utf8');
}
