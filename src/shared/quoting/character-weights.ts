/**
 * How many tokens one UTF-16 unit that is not printable ASCII costs at most in ordinary and in hostile text,
 * before the safety factor. Fitted to o200k_base on single characters and random runs of each script;
 * unlisted ranges cost 3, the most a three-byte character can in a byte-level tokenizer. See
 * docs/decisions/prices-and-token-bound.md for the fit.
 */
const ranges: [first: number, last: number, weight: number][] = [
  [0x00, 0x7f, 1], // control characters; the rest of ASCII is counted in runs
  [0x80, 0x9f, 2],
  [0xa0, 0xbf, 1],
  [0xc0, 0xff, 0.8], // Latin with accents
  [0x100, 0x17f, 1.1],
  [0x180, 0x36f, 2],
  [0x370, 0x3ff, 0.8], // Greek
  [0x400, 0x40f, 1],
  [0x410, 0x44f, 0.62], // Cyrillic
  [0x450, 0x52f, 1.3],
  [0x530, 0x58f, 1], // Armenian
  [0x590, 0x5ff, 0.65], // Hebrew
  [0x600, 0x6ff, 0.75], // Arabic
  [0x900, 0x97f, 0.95], // Devanagari
  [0x980, 0xdff, 1.2], // the other scripts of India
  [0xe00, 0xe7f, 0.95], // Thai
  [0xe80, 0x10ff, 1.2],
  [0x1200, 0x137f, 2], // Ethiopic
  [0x1780, 0x17ff, 1.1], // Khmer
  [0x1e00, 0x1eff, 1.2], // Vietnamese
  [0x2000, 0x206f, 1.2],
  [0x2010, 0x201f, 0.9], // dashes and quotes
  [0x2500, 0x259f, 1.6], // boxes
  [0x3000, 0x30ff, 0.9], // Kana
  [0x4e00, 0x9fff, 1.9], // Han, unless common
  [0xac00, 0xd7a3, 1.9], // Hangul, unless common
  [0xd800, 0xdfff, 1.7], // half of an emoji or of a rare character
  [0xfe00, 0xfe0f, 1.5],
  [0xff00, 0xffef, 1.1],
];

type CommonBlock = { encoding: string; lead: [number, number]; trail: [number, number]; weight: number };

/**
 * The first levels of the national standards are the characters people write with; the rest are names and
 * history.
 */
const commonBlocks: CommonBlock[] = [
  { encoding: 'gbk', lead: [0xb0, 0xd7], trail: [0xa1, 0xfe], weight: 1.1 },
  { encoding: 'big5', lead: [0xa4, 0xc6], trail: [0x40, 0x7e], weight: 1.1 },
  { encoding: 'big5', lead: [0xa4, 0xc6], trail: [0xa1, 0xfe], weight: 1.1 },
  { encoding: 'shift_jis', lead: [0x88, 0x97], trail: [0x40, 0x7e], weight: 1.1 },
  { encoding: 'shift_jis', lead: [0x88, 0x97], trail: [0x80, 0xfc], weight: 1.1 },
  { encoding: 'euc-kr', lead: [0xb0, 0xc8], trail: [0xa1, 0xfe], weight: 1.4 },
];

const isHanOrHangul = (code: number) =>
  (code >= 0x4e00 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7a3);

/** Asks the platform's own decoder, which spares a table of 9,000 characters here. */
function charactersOf({ encoding, lead, trail }: CommonBlock): string {
  const bytes: number[] = [];
  for (let first = lead[0]; first <= lead[1]; first += 1) {
    for (let second = trail[0]; second <= trail[1]; second += 1) bytes.push(first, second);
  }
  try {
    return new TextDecoder(encoding).decode(new Uint8Array(bytes));
  } catch {
    return ''; // a Node.js without full ICU: every Han character keeps the higher weight
  }
}

function buildWeights(): Float32Array {
  const weights = new Float32Array(0x10000).fill(3);
  for (const [first, last, weight] of ranges) weights.fill(weight, first, last + 1);
  for (const block of commonBlocks) {
    const characters = charactersOf(block);
    for (let at = 0; at < characters.length; at += 1) {
      const code = characters.charCodeAt(at);
      if (isHanOrHangul(code)) weights[code] = block.weight;
    }
  }
  return weights;
}

/** Tokens per UTF-16 unit, indexed by its value; meant for all but printable ASCII and white space. */
export const characterWeights = buildWeights();

/**
 * Letters that seldom follow another in any token of o200k_base: after `j`, nearly everything but a, e, i, k,
 * o, s, u.
 */
const rareAfter: Record<string, string> = {
  b: 'dfghkmnpqvwxz',
  c: 'bdfgjmnqvwx',
  d: 'fjkpqx',
  f: 'bcdghjkmnpqvwxz',
  g: 'cdfjkpqvwxz',
  h: 'bcfghjkpqvxz',
  i: 'w',
  j: 'bcfghjlmnpqrtvwxyz',
  k: 'bcdfgjmpqvxz',
  l: 'qrwxz',
  m: 'cdfghjkqrvwxz',
  n: 'x',
  p: 'bfgjkmnqvwxz',
  q: 'bcdefghijklmnopqrstvwxyz',
  r: 'jqx',
  s: 'jx',
  t: 'bgjkqvx',
  u: 'q',
  v: 'bcdfghjklmnpqstvwxyz',
  w: 'bcdfgjklmpqtuvwxz',
  x: 'bdfghjklmnoqrsuvwyz',
  y: 'bfghjkqvwxyz',
  z: 'bcdfghjklmnpqrstvwx',
};

function buildRarePairs(): Uint8Array {
  const pairs = new Uint8Array(32 * 32);
  for (const [first, followers] of Object.entries(rareAfter)) {
    for (const second of followers) pairs[(first.charCodeAt(0) & 31) * 32 + (second.charCodeAt(0) & 31)] = 1;
  }
  return pairs;
}

/**
 * 1 at `(first & 31) * 32 + (second & 31)` when two ASCII letters seldom stand together, as in `xqzv`; else
 * 0.
 */
export const rarePairs = buildRarePairs();
