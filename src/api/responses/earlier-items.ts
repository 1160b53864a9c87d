import { Refusal } from '../../shared/domain/errors.ts';
import type { InputItem } from '../../shared/requests/response-items.ts';
import { toOutput } from '../../shared/requests/response-object.ts';
import { inputItems } from '../../shared/requests/response-request.ts';
import type { Database } from '../../shared/sql/database.ts';
import { readResponse, type StoredResponse } from './stored-response.ts';

/** A conversation has at most so many turns before it. */
export const turnsMax = 200;

/**
 * What was said before: the input and the output of the response `previousId` and of those before it, oldest first. Throws a
 * Refusal when one of them is not there or has not ended well.
 */
export async function readEarlierItems(
  sql: Database,
  accountId: string,
  previousId: string | null | undefined,
): Promise<InputItem[]> {
  const turns: InputItem[][] = [];
  let id = previousId;
  while (id !== null && id !== undefined) {
    if (turns.length === turnsMax) {
      throw refuse('not_found', `the conversation has more than ${turnsMax} turns; send them as input`);
    }
    const stored = await readTurn(sql, accountId, id);
    turns.push(itemsOf(stored));
    id = stored.facts.body.previous_response_id;
  }
  return turns.reverse().flat();
}

async function readTurn(sql: Database, accountId: string, id: string): Promise<StoredResponse> {
  const stored = await readResponse(sql, accountId, id).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
    throw refuse('not_found', `no response ${JSON.stringify(id)} is stored`);
  });
  if (stored.facts.completion !== null) return stored;
  throw refuse(
    'invalid_state',
    `the response ${id} is ${stored.facts.status}: it has no output to go on from`,
  );
}

function itemsOf({ facts }: StoredResponse): InputItem[] {
  const output = facts.completion === null ? [] : toOutput(facts.completion, facts.id, facts.status);
  return [...inputItems(facts.body), ...(output as InputItem[])];
}

function refuse(type: 'not_found' | 'invalid_state', message: string): Refusal {
  return new Refusal(type, `previous_response_id: ${message}`, { param: 'previous_response_id' });
}
