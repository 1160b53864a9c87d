import { z } from 'zod';
import { listBatches } from '../../../../shared/batches/sql/batches.ts';
import type { Database } from '../../../../shared/platform/postgres/database.ts';
import type { App } from '../../../http/app.ts';
import { accountOf } from '../../../http/caller.ts';
import { cursorOf } from '../../../http/pages.ts';
import { toMessageBatch } from './message-batch.ts';

const limitProblem = { error: 'must be a whole number from 1 to 1000' };
const query = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,4}$/, limitProblem)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 1000, limitProblem)
    .default(20),
  after_id: cursorOf('msgbatch'),
  before_id: cursorOf('msgbatch'),
});

/** `GET /v1/messages/batches`: the account's, newest first; a page goes on after an id, or back from one. */
export function listMessageBatches(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['anthropic'], summary: 'List batches of messages', querystring: query };
  app.get('/v1/messages/batches', { config: { scope: 'read' }, schema }, async (request, reply) => {
    const { limit, after_id: after = null, before_id: before = null } = request.query;
    const filter = { accountId: accountOf(request), kind: 'anthropic' as const, limit, after, before };
    const rows = await listBatches(deps.sql, filter);
    const page = rows.slice(0, limit).map((batch) => toMessageBatch(batch, request));
    const data = before === null ? page : page.toReversed();
    reply.header('request-id', request.id);
    return {
      data,
      has_more: rows.length > limit,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
    };
  });
}
