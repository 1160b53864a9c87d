/** Numbers that look random and follow from a seed. */
export type Random = {
  /** In [0, 1). */
  next(): number;
  /** In [0, below), whole. */
  int(below: number): number;
  /** From `min` to `max`, both included. */
  between(min: number, max: number): number;
  pick<Item>(items: readonly Item[]): Item;
  chance(probability: number): boolean;
  shuffle<Item>(items: readonly Item[]): Item[];
  /** Another source that follows from this one's seed and the label, however far this one was used. */
  fork(label: string): Random;
};

/** mulberry32 by Tommy Ettinger (public domain): 32 bits of state, good enough to deal cards with. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (below: number) => {
    if (!Number.isSafeInteger(below) || below < 1) throw new RangeError(`no whole number in [0, ${below})`);
    return Math.floor(next() * below);
  };
  return {
    next,
    int,
    between: (min, max) => min + int(max - min + 1),
    pick: (items) => items[int(items.length)] as (typeof items)[number],
    chance: (probability) => probability > 0 && next() < probability,
    shuffle: (items) => {
      const shuffled = [...items];
      for (let last = shuffled.length - 1; last > 0; last -= 1) {
        const other = int(last + 1);
        [shuffled[last], shuffled[other]] = [
          shuffled[other] as (typeof shuffled)[number],
          shuffled[last] as (typeof shuffled)[number],
        ];
      }
      return shuffled;
    },
    fork: (label) => seededRandom(hash(`${seed} ${label}`)),
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
