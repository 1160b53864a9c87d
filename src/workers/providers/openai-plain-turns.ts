import { foldInstruction } from './foreign-history.ts';

type Wire = Record<string, unknown>;

/**
 * The turns for servers whose templates take an instruction as the first message only, and no two turns of a
 * user's in a row: instructions before the first turn become one, those after it are said by the user, and
 * what a user says in a row is one turn.
 */
export function toPlainTurns(turns: Wire[]): Wire[] {
  const plain: Wire[] = [];
  for (const given of turns) {
    const isLate = given['role'] === 'system' && plain.some(({ role }) => role !== 'system');
    const turn = isLate ? { role: 'user', content: fold(given['content']) } : given;
    const last = plain.at(-1);
    if (last !== undefined && isOneTurn(last, turn)) {
      plain[plain.length - 1] = { ...last, content: join(last['content'], turn['content']) };
    } else plain.push(turn);
  }
  return plain;
}

function fold(content: unknown): unknown {
  if (typeof content === 'string') return foldInstruction(content);
  return foldInstruction((content as Wire[]).map(({ text }) => text).join(''));
}

function isOneTurn(last: Wire, turn: Wire): boolean {
  const { role, name } = turn;
  return last['role'] === role && last['name'] === name && (role === 'user' || role === 'system');
}

function join(before: unknown, after: unknown): unknown {
  if (typeof before === 'string' && typeof after === 'string') return `${before}\n\n${after}`;
  return [...asParts(before), ...asParts(after)];
}

function asParts(content: unknown): unknown[] {
  if (content === '') return [];
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content as unknown[]);
}
