import { createHash } from 'node:crypto';

/** A seeded source of numbers, so that a failing sample can be seen again. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

function fill(length: number, piece: () => string): string {
  let text = '';
  while (text.length < length) text += piece();
  return text.slice(0, length);
}

const letters = 'abcdefghijklmnopqrstuvwxyz';
const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** Texts that break naive counters, each of about `length` UTF-16 units. */
export function hostileTexts(length: number): Record<string, string> {
  const random = seeded(7);
  const letter = () => letters.charAt(random(26));
  const bytes = () =>
    createHash('sha256')
      .update(String(random(1_000_000)))
      .digest();
  return {
    'one letter over and over': 'a'.repeat(length),
    spaces: ' '.repeat(length),
    'new lines': '\n'.repeat(length),
    'random letters': fill(length, letter),
    'random short words': fill(length, () => `${letter()}${letter()}${letter()} `),
    'letters apart': fill(length, () => `${letter()} `),
    base64: fill(length, () => bytes().toString('base64')),
    hex: fill(length, () => bytes().toString('hex')),
    digits: fill(length, () => String(random(10))),
    'digits apart': fill(length, () => `${random(10)} `),
    punctuation: fill(length, () => punctuation.charAt(random(punctuation.length))),
    emoji: fill(length, () => String.fromCodePoint(0x1f300 + random(0x250))),
    'rare Han': fill(length, () => String.fromCharCode(0x4e00 + random(20_000))),
    'private use': fill(length, () => String.fromCharCode(0xe000 + random(1_000))),
    'lone surrogates': '\ud800'.repeat(length),
  };
}

const english =
  'The quick brown fox jumps over the lazy dog while seventeen engineers, none of them asleep, argue about rounding. ';
const code =
  'export function add(left: number, right: number): number {\n  return left + right; // no surprises\n}\n';

/** Texts people do send. */
export const ordinaryTexts: Record<string, string> = {
  English: english.repeat(20),
  TypeScript: code.repeat(20),
  JSON: JSON.stringify(Array.from({ length: 40 }, (_, id) => ({ id, name: `user ${id}`, tags: ['a', 'b'] }))),
  Russian: 'Съешь же ещё этих мягких французских булок, да выпей чаю. '.repeat(20),
  Chinese: '我们在餐厅吃晚饭，然后去看电影。今天的天气非常好，大家都很高兴。'.repeat(20),
  Japanese: '私たちはレストランで夕食を食べて、それから映画を見に行きました。'.repeat(20),
  Korean: '우리는 식당에서 저녁을 먹고 영화를 보러 갔습니다. '.repeat(20),
  numbers: Array.from({ length: 200 }, (_, row) => `${row},${(row * 37) % 1000}.${row % 100}\n`).join(''),
};
