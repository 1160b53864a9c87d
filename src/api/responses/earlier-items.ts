import { type ChatCompletion, responseStatusOf } from '../../shared/domain/chat.ts';
import { Refusal } from '../../shared/domain/errors.ts';
import { responseIdOf } from '../../shared/domain/ids.ts';
import { measureJson, requestLimits } from '../../shared/json/measure-json.ts';
import { readJson } from '../../shared/json/read-json.ts';
import type { InputItem } from '../../shared/requests/response-items.ts';
import { toOutput } from '../../shared/requests/response-object.ts';
import { inputItems, type ResponsesBody } from '../../shared/requests/response-request.ts';
import type { Database } from '../../shared/sql/database.ts';
import { type ChainTurn, listTurns, readTurnTexts } from '../../shared/sql/response-chain.ts';
import { jobIdOf, statusOfState } from './stored-response.ts';

/** A conversation has at most so many turns before it, and so many bytes. */
export const turnsMax = 200;
const mebibytesMax = 64;
export const bytesMax = mebibytesMax * 1024 * 1024;

/** The turns of a conversation, newest first: each can be gone on from, and together they are not too many. */
export async function listEarlierTurns(
  sql: Database,
  accountId: string,
  previousId: string | null | undefined,
): Promise<ChainTurn[]> {
  if (previousId === null || previousId === undefined) return [];
  const limits = { turnsMax: turnsMax + 1, bytesMax };
  const isOne = previousId.startsWith('resp_');
  const turns = isOne ? await listTurns(sql, accountId, jobIdOf(previousId), limits) : [];
  const oldest = turns.at(-1);
  const unfit = turns.find(({ hasResult }) => !hasResult);
  if (unfit !== undefined) {
    const id = responseIdOf(unfit.jobId);
    throw refuse(
      'invalid_state',
      `the response ${id} is ${statusOfState(unfit.state)}: it has no output to go on from`,
    );
  }
  if (turns.length > turnsMax) {
    throw refuse('not_found', `the conversation has more than ${turnsMax} turns; send them as input`);
  }
  if ((oldest?.bytesSoFar ?? 0) > bytesMax) {
    throw refuse(
      'too_large',
      `the conversation has more than ${mebibytesMax} MiB; send what it needs of them as input`,
    );
  }
  const missing = oldest === undefined ? previousId : oldest.previousId;
  if (missing !== null) throw refuse('not_found', `no response ${JSON.stringify(missing)} is stored`);
  return turns;
}

/** The texts of a turn; a 404 when it was erased meanwhile. */
export async function readTurn(sql: Database, { jobId }: ChainTurn) {
  const texts = await readTurnTexts(sql, jobId);
  if (texts?.result != null) return { ...texts, jobId, result: texts.result };
  throw refuse('not_found', `no response ${JSON.stringify(responseIdOf(jobId))} is stored`);
}

/**
 * What was said before: the input and the output of the response `previousId` and of those before it, oldest first. Throws a
 * Refusal when one of them is not there or has not ended well, or together they hold more than a request may.
 */
export async function readEarlierItems(
  sql: Database,
  accountId: string,
  previousId: string | null | undefined,
): Promise<InputItem[]> {
  const items: InputItem[] = [];
  let valuesLeft = requestLimits.valuesMax;
  for (const turn of (await listEarlierTurns(sql, accountId, previousId)).reverse()) {
    const texts = await readTurn(sql, turn);
    for (const text of [texts.original, texts.result]) {
      valuesLeft -= measureJson(Buffer.from(text), { ...requestLimits, valuesMax: valuesLeft }).values;
      if (valuesLeft < 0) throw tooManyValues();
    }
    items.push(...itemsOf(texts));
  }
  return items;
}

function tooManyValues(): Refusal {
  const bound = requestLimits.valuesMax.toLocaleString('en-US');
  return refuse(
    'too_large',
    `the conversation holds more than ${bound} JSON values; send what it needs of them as input`,
  );
}

/** The items of one turn: what was sent, and what came of it. */
export function itemsOf(turn: { jobId: string; original: string; result: string }): InputItem[] {
  const completion = readJson(turn.result) as ChatCompletion;
  const body = readJson(turn.original) as ResponsesBody;
  const output = toOutput(completion, responseIdOf(turn.jobId), responseStatusOf(completion));
  return [...inputItems(body), ...(output as InputItem[])];
}

function refuse(type: 'not_found' | 'invalid_state' | 'too_large', message: string): Refusal {
  return new Refusal(type, `previous_response_id: ${message}`, { param: 'previous_response_id' });
}
