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
    if (last !== undefined && isOneTurn(last, turn)) plain[plain.length - 1] = joined(last, turn);
    else plain.push(turn);
  }
  return plain;
}

function fold(content: unknown): unknown {
  if (typeof content === 'string') return foldInstruction(content);
  return foldInstruction((content as Wire[]).map(({ text }) => text).join(''));
}

const isOneTurn = (last: Wire, { role }: Wire) =>
  last['role'] === role && (role === 'user' || role === 'system');

/** Who of several users spoke stands before what they wrote. */
function joined(last: Wire, turn: Wire): Wire {
  if (last['name'] === turn['name']) return { ...last, content: join(last['content'], turn['content']) };
  const { name: _, ...rest } = last;
  return { ...rest, content: join(contentOf(last), contentOf(turn)) };
}

function contentOf({ name, content }: Wire): unknown {
  if (typeof name !== 'string') return content;
  return typeof content === 'string'
    ? `${name}: ${content}`
    : [{ type: 'text', text: `${name}: ` }, ...asParts(content)];
}

function join(before: unknown, after: unknown): unknown {
  if (typeof before === 'string' && typeof after === 'string') return `${before}\n\n${after}`;
  return [...asParts(before), ...asParts(after)];
}

function asParts(content: unknown): unknown[] {
  if (content === '') return [];
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content as unknown[]);
}
