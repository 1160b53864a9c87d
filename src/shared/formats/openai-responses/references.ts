import { Refusal } from '../../errors.ts';
import { type EarlierTurn, readTurns } from './earlier-items.ts';
import { jobOfItem } from './item-owner.ts';
import type { InputItem } from './response-items.ts';

/** A request refers to the items of at most so many responses. */
const responsesMax = 200;

type Referring = { input: string | InputItem[] };

/** The jobs behind the responses whose items a request refers to, each once. */
export function referencedJobs({ input }: Referring): string[] {
  if (typeof input === 'string') return [];
  const jobs = input.map((item) => (item.type === 'item_reference' ? jobOfItem(item.id) : null));
  const distinct = [...new Set(jobs.filter((job) => job !== null))];
  if (distinct.length <= responsesMax) return distinct;
  throw tooMuch(`refers to items of more than ${responsesMax} responses`);
}

/** Puts items in place of the references to them. */
export type Resolve = (input: unknown[]) => unknown[];

/**
 * Resolves references to the items of these turns, which are read once. Throws a 404 for an item that is in
 * none of them, in OpenAI's words, and a refusal when they hold more values than one request may.
 */
export function createReferences(turns: EarlierTurn[]): Resolve {
  const items = readTurns(turns, (bound) => tooMuch(`refers to items of more than ${bound} JSON values`));
  const byId = new Map(items.map((item) => [item.id, item]));
  return (input) =>
    input.map((item, index) => {
      const { type, id } = item as { type?: unknown; id?: unknown };
      return type === 'item_reference' ? (byId.get(String(id)) ?? refuseMissing(id, index)) : item;
    });
}

function refuseMissing(id: unknown, index: number): never {
  const message =
    `input.${index}.id: Item with id ${JSON.stringify(id)} not found. Items are not persisted when ` +
    '`store` is set to false. Send the item itself, or previous_response_id';
  throw new Refusal('not_found', message, { param: `input.${index}.id` });
}

function tooMuch(what: string): Refusal {
  return new Refusal('too_large', `input: ${what}; send the items themselves`, { param: 'input' });
}
