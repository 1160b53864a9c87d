import { z } from 'zod';
import { suffixOf } from '../../../shared/domain/ids.ts';
import type { InputItem } from '../../../shared/requests/response-items.ts';
import { inputItems } from '../../../shared/requests/response-request.ts';
import type { Database } from '../../../shared/sql/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { pageQuery, toPage, unknownCursor } from '../../http/pages.ts';
import { idParams } from '../../http/shapes.ts';
import { readEarlierItems } from '../../responses/earlier-items.ts';
import { readResponse } from '../../responses/stored-response.ts';

/** `GET /v1/responses/{id}/input_items`: what a response was made from, earlier turns included; newest first unless asked otherwise. */
export function listResponseItems(app: App, deps: { sql: Database }): void {
  const schema = {
    tags: ['openai'],
    summary: 'List the input items of a response',
    params: idParams,
    querystring: z.strictObject({
      ...pageQuery,
      order: z.enum(['asc', 'desc']).default('desc'),
      include: z.union([z.string(), z.array(z.string())]).optional(),
      'include[]': z.union([z.string(), z.array(z.string())]).optional(),
    }),
  };
  app.get('/v1/responses/:id/input_items', { config: { scope: 'read' }, schema }, async (request) => {
    const accountId = accountOf(request);
    const { facts } = await readResponse(deps.sql, accountId, request.params.id);
    const earlier = await readEarlierItems(deps.sql, accountId, facts.body.previous_response_id);
    const items = [...earlier, ...inputItems(facts.body)].map((item, index) =>
      toListed(item, facts.id, index),
    );
    const { order, after, limit } = request.query;
    if (order === 'desc') items.reverse();
    const at = items.findIndex(({ id }) => id === after);
    if (after !== undefined && at === -1) throw unknownCursor();
    const from = at + 1;
    return toPage(items.slice(from, from + limit + 1), limit);
  });
}

/** Items are listed with an id, whether they were sent with one or not, and texts as parts. */
function toListed(item: InputItem, responseId: string, index: number): { id: string } {
  const made = `item_${suffixOf(responseId)}_${index}`;
  const id = typeof item.id === 'string' ? item.id : made;
  if (!('role' in item) || typeof item.content !== 'string') return { ...item, id };
  const type = item.role === 'assistant' ? 'output_text' : 'input_text';
  const message = { ...item, type: 'message', id, content: [{ type, text: item.content }] };
  return message;
}
