import assert from 'node:assert/strict';
import type { ChatCompletion, Delta } from '../../../src/shared/chat/chat.ts';
import type { EarlierTurn } from '../../../src/shared/formats/openai-responses/earlier-items.ts';
import type { Answered, Asked } from '../spoken.ts';

export type Fields = Record<string, unknown>;

/** How a turn is asked for. */
export type Ask = { model: string; stream: boolean; effort: string | null; hasTools: boolean };

/** A job as its surface answers it. */
export type Job = { id: string; model: string; createdAt: Date; passes: boolean };

/** What a client understood of an answer. */
export type Understood = {
  text: string;
  refusal: string | null;
  calls: { id: string; name: string; input: unknown }[];
  usage: { input: number; cached: number; output: number };
};

/** The events of an answer, as its route sends them. */
export type Encoder = {
  started(): Fields[];
  delta(delta: Delta): Fields[];
  passed(event: Fields): Fields[];
  ended(completion: ChatCompletion): Fields[];
};

/**
 * A client of one surface. It holds the conversation and gives back what it was given: as it was, or as the
 * clients do that keep only what they know.
 */
export type Client = {
  kind: 'chat' | 'response' | 'message';
  /** The body of the next turn. */
  ask(asked: Asked, ask: Ask): Fields;
  /** Turns that the gateway has stored and the body goes on from. */
  stored(): { earlier?: EarlierTurn[]; referenced?: EarlierTurn[] };
  whole(completion: ChatCompletion, job: Job, body: Fields): Fields;
  encoder(job: Job, body: Fields): Encoder;
  /** Reads an answer, which says the same in its events; throws for what no strict client takes. */
  take(answer: { whole: Fields; events: Fields[] | null; turn: EarlierTurn }): Understood;
};

/** Throws when a client understood anything else than what was spoken. */
export function expectUnderstood(understood: Understood, spoken: Answered): void {
  const { input, cached, output } = spoken.usage;
  const words = spoken.refusal ?? spoken.text;
  const heard = understood.refusal ?? understood.text;
  assert.equal(heard, words);
  assert.deepEqual(
    understood.calls.map(({ name, input: given }) => ({ name, input: given })),
    spoken.calls.map(({ name, input: given }) => ({ name, input: given })),
  );
  assert.deepEqual(understood.usage, { input, cached, output });
  const ids = understood.calls.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, 'calls share an id');
}

const look = { type: 'object', properties: { word: { type: 'string' } } };

/** The tools of every turn, in no dialect. */
export const functions = [
  { name: 'look_up', description: 'Looks up', parameters: look },
  { name: 'read-file', description: 'Reads', parameters: look },
];
export const customName = 'patch';
