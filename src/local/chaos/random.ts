import { createHash } from 'node:crypto';

/** Numbers that look random and are the same for the same seed, in every process and on every machine. */
export type Random = {
  /** In [0, 1), with 53 bits. */
  next(): number;
  /** A whole number in [0, maxExclusive). */
  int(maxExclusive: number): number;
  pick<Item>(list: readonly Item[]): Item;
  /** True with probability `p`. */
  chance(p: number): boolean;
  /**
   * A child with numbers of its own. It depends on the seed and the label alone, not on what was drawn before: actors that run
   * at once each get a child, and keep their numbers however they interleave.
   */
  fork(label: string): Random;
  /** A shuffled copy. */
  shuffle<Item>(list: readonly Item[]): Item[];
};

/** Starts a sequence of its own for `seed`. Throws a RangeError when asked to choose out of nothing. */
export function seededRandom(seed: number): Random {
  return randomOf([String(seed)]);
}

function randomOf(path: string[]): Random {
  const word = sfc32(createHash('sha256').update(JSON.stringify(path)).digest());
  const next = () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
  const int = (maxExclusive: number) => {
    if (!Number.isSafeInteger(maxExclusive) || maxExclusive < 1) {
      throw new RangeError(`no whole number in [0, ${maxExclusive})`);
    }
    return Math.floor(next() * maxExclusive);
  };
  return {
    next,
    int,
    pick: (list) => list[int(list.length)] as (typeof list)[number],
    chance: (p) => next() < p,
    fork: (label) => randomOf([...path, label]),
    shuffle(list) {
      const left = [...list];
      return list.map(() => left.splice(int(left.length), 1)[0] as (typeof list)[number]);
    },
  };
}

/** Chris Doty-Humphrey's sfc32, of PractRand: 128 bits of state, a word of 32 bits each time. */
function sfc32(state: Buffer): () => number {
  let [a, b, c, counter] = [0, 4, 8, 12].map((at) => state.readInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  return () => {
    const word = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + word) | 0;
    return word >>> 0;
  };
}
