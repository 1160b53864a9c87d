import { Refusal } from '../../errors.ts';
import { type EarlierTurn, findItem } from './earlier-items.ts';
import type { InputItem } from './response-items.ts';

/** The id of an item that we answered has the id of its response in it. */
const itemId = /^[a-z]+_([0-9a-f]{32})(?:_\d+)*$/;

/** A request refers to the items of at most so many responses. */
const responsesMax = 200;

type Referring = { input: string | InputItem[] };

/** The jobs behind the responses whose items a request refers to, each once. */
export function referencedJobs({ input }: Referring): string[] {
  if (typeof input === 'string') return [];
  const jobs = input.flatMap((item) => {
    const [, suffix] = itemId.exec(item.type === 'item_reference' ? String(item.id) : '') ?? [];
    return suffix === undefined ? [] : [`job_${suffix}`];
  });
  const distinct = [...new Set(jobs)];
  if (distinct.length <= responsesMax) return distinct;
  const message = `input: refers to items of more than ${responsesMax} responses; send the items themselves`;
  throw new Refusal('too_large', message, { param: 'input' });
}

/**
 * The input with the items that it refers to in place of the references. Throws a 404 for one that is not in
 * these turns, in OpenAI's words.
 */
export function resolveReferences<Item>(input: Item[], turns: EarlierTurn[]): Item[] {
  return input.map((item, index) => {
    const { type, id } = item as { type?: unknown; id?: unknown };
    if (type !== 'item_reference') return item;
    const [, suffix] = itemId.exec(String(id)) ?? [];
    const turn = turns.find(({ jobId }) => jobId === `job_${suffix}`);
    const found = turn === undefined ? null : findItem(turn, String(id));
    if (found !== null) return found as Item;
    const message =
      `input.${index}.id: Item with id ${JSON.stringify(id)} not found. Items are not persisted when ` +
      '`store` is set to false. Send the item itself, or previous_response_id';
    throw new Refusal('not_found', message, { param: `input.${index}.id` });
  });
}
