import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import { itemsOf } from '../../../shared/formats/openai-responses/earlier-items.ts';
import { type ListedItem, toListedItem } from '../../../shared/formats/openai-responses/listed-item.ts';
import type { InputItem } from '../../../shared/formats/openai-responses/response-items.ts';
import { inputItems, type ResponsesBody } from '../../../shared/formats/openai-responses/response-request.ts';
import { readOriginal } from '../../../shared/formats/openai-responses/sql/responses.ts';
import { responseIdOf } from '../../../shared/ids.ts';
import { readJson } from '../../../shared/platform/json/read-json.ts';
import { writeJson } from '../../../shared/platform/json/verbatim.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { createAccountMutex } from '../../http/account-mutex.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { pageQuery, sortParameter, sortQuery, toPage, unknownCursor } from '../../http/pages.ts';
import { idParams } from '../../http/schemas.ts';
import { createSharedReads } from '../../http/shared-reads.ts';
import { json } from '../../openapi/components.ts';
import { responseItemListSchema } from '../../openapi/schemas/response.ts';
import { listEarlierTurns, readTurn } from '../../responses/earlier-turns.ts';
import { jobIdOf, readResponse } from '../../responses/stored-response.ts';

/**
 * `GET /v1/responses/{id}/input_items`: what a response was made from, earlier turns included; newest first
 * unless asked otherwise.
 */
export function listResponseItemsRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'listResponseItems',
    response: { 200: json(responseItemListSchema) },
    tags: ['openai'],
    summary: 'List the input items of a response',
    params: idParams,
    querystring: z.strictObject({
      ...pageQuery,
      ...sortQuery,
      include: z.union([z.string(), z.array(z.string())]).optional(),
      'include[]': z.union([z.string(), z.array(z.string())]).optional(),
    }),
  };
  const answers = createSharedReads<string>();
  const inTurn = createAccountMutex();
  app.get(
    '/v1/responses/:id/input_items',
    { config: { scope: 'read', refuses: [413] }, schema },
    async (request, reply) => {
      const accountId = accountOf(request);
      const { after, limit, [sortParameter]: direction } = request.query;
      const wanted = { accountId, id: request.params.id, after, limit, direction };
      const read = async () => writeJson(await readPage(deps.sql, wanted));
      const answer = await answers(JSON.stringify(wanted), () => inTurn(accountId, read));
      return reply.type('application/json; charset=utf-8').send(answer);
    },
  );
}

type Wanted = {
  accountId: string;
  id: string;
  direction: 'asc' | 'desc';
  after?: string | undefined;
  limit: number;
};

/** Not one turn more is read than the page is made of, and those that its cursor lies behind. */
async function readPage(sql: Database, { accountId, id, direction, after, limit }: Wanted) {
  const page: ListedItem[] = [];
  let isBehind = after === undefined;
  for await (const items of turnsOf(sql, accountId, id, direction)) {
    const from = isBehind ? 0 : items.findIndex((item) => item.id === after) + 1;
    if (!isBehind && from === 0) continue;
    isBehind = true;
    page.push(...items.slice(from, from + limit + 1 - page.length));
    if (page.length > limit) break;
  }
  if (!isBehind) throw unknownCursor();
  return toPage(page, limit);
}

/** The items of each turn in this direction; of the response itself only what was sent. */
async function* turnsOf(
  sql: Database,
  accountId: string,
  responseId: string,
  direction: 'asc' | 'desc',
): AsyncGenerator<ListedItem[]> {
  const { facts } = await readResponse(sql, accountId, responseId);
  const arranged = (items: InputItem[], id: string) => {
    const listed = items.map((item, index) => toListedItem(item, id, index));
    return direction === 'asc' ? listed : listed.reverse();
  };
  const own = async () => arranged(await readInput(sql, jobIdOf(facts.id)), facts.id);
  if (direction === 'desc') yield await own();
  const newestFirst = await listEarlierTurns(sql, accountId, facts.body.previous_response_id);
  for (const turn of direction === 'desc' ? newestFirst : newestFirst.reverse()) {
    yield arranged(itemsOf(await readTurn(sql, turn)), responseIdOf(turn.jobId));
  }
  if (direction === 'asc') yield await own();
}

async function readInput(sql: Database, jobId: string): Promise<InputItem[]> {
  const original = await readOriginal(sql, jobId);
  if (original === null) throw notFound('response');
  return inputItems(readJson(original) as ResponsesBody);
}
