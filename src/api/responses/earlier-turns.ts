import { Refusal } from '../../shared/errors.ts';
import { type EarlierTurn, refuseEarlier } from '../../shared/formats/openai-responses/earlier-items.ts';
import {
  type ChainTurn,
  listReferenced,
  listTurns,
  readTurnTexts,
} from '../../shared/formats/openai-responses/sql/response-chain.ts';
import { responseIdOf } from '../../shared/ids.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { jobIdOf, statusOfState } from './stored-response.ts';

/** A conversation has at most so many turns before it, and so many bytes. */
export const turnsMax = 200;
const mebibytesMax = 64;
export const bytesMax = mebibytesMax * 1024 * 1024;

/**
 * The turns of a conversation, newest first: each can be gone on from, and together they are not too many.
 */
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
    throw refuseEarlier(
      'invalid_state',
      `the response ${id} is ${statusOfState(unfit.state)}: it has no output to go on from`,
    );
  }
  if (turns.length > turnsMax) {
    throw refuseEarlier('not_found', `the conversation has more than ${turnsMax} turns; send them as input`);
  }
  if ((oldest?.bytesSoFar ?? 0) > bytesMax) {
    throw refuseEarlier(
      'too_large',
      `the conversation has more than ${mebibytesMax} MiB; send what it needs of them as input`,
    );
  }
  const missing = oldest === undefined ? previousId : oldest.previousId;
  if (missing !== null) throw refuseEarlier('not_found', `no response ${JSON.stringify(missing)} is stored`);
  return turns;
}

/**
 * The responses whose items a request refers to, and how many bytes they have. One that is not the account's,
 * or not stored, is left out: its items are then said to be missing. Throws a 413 when they are too many.
 */
export async function listReferencedTurns(
  sql: Database,
  accountId: string,
  jobIds: string[],
): Promise<{ jobIds: string[]; bytes: number }> {
  if (jobIds.length === 0) return { jobIds: [], bytes: 0 };
  const found = await listReferenced(sql, accountId, jobIds);
  const bytes = found.reduce((sum, one) => sum + one.bytes, 0);
  if (bytes <= bytesMax) return { jobIds: found.map(({ jobId }) => jobId), bytes };
  const message = `input: refers to responses of more than ${mebibytesMax} MiB; send the items themselves`;
  throw new Refusal('too_large', message, { param: 'input' });
}

/** The texts of a turn; a 404 when it was erased meanwhile. */
export async function readTurn(sql: Database, { jobId }: Pick<ChainTurn, 'jobId'>): Promise<EarlierTurn> {
  const texts = await readTurnTexts(sql, jobId);
  if (texts?.result != null) return { ...texts, jobId, result: texts.result };
  throw refuseEarlier('not_found', `no response ${JSON.stringify(responseIdOf(jobId))} is stored`);
}

/** What was said in these turns, oldest first, as it is stored; a 404 when one was erased meanwhile. */
export async function readEarlierTurns(sql: Database, newestFirst: ChainTurn[]): Promise<EarlierTurn[]> {
  const texts: EarlierTurn[] = [];
  // One after the other: side by side they would take as many connections as there are turns.
  for (const turn of newestFirst.toReversed()) texts.push(await readTurn(sql, turn));
  return texts;
}
