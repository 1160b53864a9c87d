import type { Random } from '../../../tools/stack/random.ts';

/** What a provider answers: the whole body, or the events of its stream. */
export type Reply = { body: Record<string, unknown>; events: Record<string, unknown>[] };

/** A text cut at random, never inside a character. */
export function cut(text: string, random: Random): string[] {
  const characters = [...text];
  const pieces: string[] = [];
  while (characters.length > 0) {
    const size = random.pick([1, 2, 7, 40, 400]);
    pieces.push(characters.splice(0, size).join(''));
  }
  return pieces;
}

/** Letters and digits at random. */
export function randomId(random: Random, length = 24): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length }, () => letters[random.int(letters.length)]).join('');
}
