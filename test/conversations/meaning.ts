import { isDeepStrictEqual } from 'node:util';
import type { Seen } from './seen.ts';
import type { Answered, Asked, Shown, SpokenCall } from './spoken.ts';

/** A conversation as it was spoken, turn by turn. */
export type Turn = { asked: Asked; open: SpokenCall[]; answered: Answered | null };

/** What was sent, with the input of the call that a result is of. */
type Located = Seen & { of?: string };
/** `key` is a word of it, or an image as it is: what it is looked up by. */
type Expected = { turn: number; what: string; key: string; isIn(seen: Located): boolean };

/**
 * What is wrong with what a provider was sent of a conversation: what is missing, there twice, altered, under
 * the wrong role or call, or out of order. Empty when it means the same.
 */
export function findChanges(turns: Turn[], sent: Seen[]): string[] {
  const problems: string[] = [];
  const seen = withCalls(sent);
  const positions = positionsOf(seen);
  let reached = 0;
  const located = turns.flatMap(expectedOf).map((expected) => {
    const at = (positions.get(expected.key) ?? []).filter((index) => expected.isIn(seen[index] as Located));
    if (at.length !== 1) problems.push(`turn ${expected.turn}: ${expected.what} is there ${at.length} times`);
    return { ...expected, at: at[0] ?? -1 };
  });
  for (const turn of turns.keys()) {
    const reachedAt = located.filter((one) => one.turn === turn && one.at >= 0).map(({ at }) => at);
    if (reachedAt.some((at) => at < reached)) problems.push(`turn ${turn} does not follow the one before it`);
    reached = Math.max(reached, ...reachedAt);
  }
  return problems;
}

function withCalls(seen: Seen[]): Located[] {
  const inputs = new Map<string, string>();
  return seen.map((one) => {
    if (one.kind === 'call') inputs.set(one.id, JSON.stringify(one.input));
    return one.kind === 'result' ? { ...one, of: inputs.get(one.id) ?? '' } : one;
  });
}

/** Where each word, and each image, is. */
function positionsOf(seen: Located[]): Map<string, number[]> {
  const positions = new Map<string, number[]>();
  for (const [index, one] of seen.entries()) {
    const text = one.kind === 'call' ? JSON.stringify(one.input) : `${one.value}${one.of ?? ''}`;
    const shown = one.kind === 'image' || one.kind === 'file' ? [one.value] : (text.match(/⟦\d+⟧/g) ?? []);
    for (const key of new Set(shown)) positions.set(key, [...(positions.get(key) ?? []), index]);
  }
  return positions;
}

function expectedOf({ asked, open, answered }: Turn, turn: number): Expected[] {
  const { opening, instruction, results, shown, addition } = asked;
  return [
    ...(opening === null ? [] : [expectShown(opening, turn)]),
    ...(instruction === null ? [] : [expectShown(instruction, turn)]),
    ...results.flatMap((result) => {
      const call = open[result.call] as SpokenCall;
      return [
        expectResult(
          call,
          result.shown.filter(({ kind }) => kind === 'text'),
          turn,
        ),
        ...result.shown.filter(({ kind }) => kind !== 'text').map((one) => expectShown(one, turn)),
      ];
    }),
    ...shown.map((one) => expectShown(one, turn)),
    ...(addition === null ? [] : [expectShown(addition, turn)]),
    ...(answered === null ? [] : expectAnswer(answered, turn)),
  ];
}

function expectShown({ kind, word, value }: Shown, turn: number): Expected {
  const isIn = (seen: Located) => {
    if (seen.by !== 'others' || seen.kind !== kind) return false;
    return kind === 'text' ? seen.value.includes(value) : seen.value === value;
  };
  return { turn, what: `the ${kind} ${word}`, key: kind === 'text' ? word : value, isIn };
}

function expectResult(call: SpokenCall, texts: Shown[], turn: number): Expected {
  return {
    turn,
    key: call.word,
    what: `the result of ${call.word} with ${texts.map(({ word }) => word).join()}`,
    isIn: (seen) =>
      seen.kind === 'result' &&
      (seen.of ?? '').includes(call.word) &&
      texts.every(({ value }) => seen.value.includes(value)),
  };
}

function expectAnswer({ text, word, refusal, calls }: Answered, turn: number): Expected[] {
  const isSpoken = (value: string) => (seen: Seen) =>
    seen.kind === 'text' && seen.by === 'model' && seen.value.includes(value);
  return [
    ...(word === null ? [] : [{ turn, what: `the answer ${word}`, key: word, isIn: isSpoken(text) }]),
    ...(refusal === null
      ? []
      : [
          {
            turn,
            what: `the refusal ${refusal}`,
            key: refusal.slice(refusal.indexOf('⟦')),
            isIn: isSpoken(refusal),
          },
        ]),
    ...calls.map(({ name, word: own, input }) => ({
      turn,
      what: `the call ${own}`,
      key: own,
      isIn: (seen: Seen) =>
        seen.kind === 'call' && seen.name === name && isDeepStrictEqual(seen.input, input),
    })),
  ];
}
