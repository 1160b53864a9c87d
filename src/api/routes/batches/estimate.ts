import { z } from 'zod';
import { FileGone } from '../../../shared/batches/sql/files.ts';
import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { Validator } from '../../../shared/validation/validator.ts';
import { createAccountSlots } from '../../http/account-slots.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { json } from '../../openapi/components.ts';
import { batchEstimateSchema } from '../../openapi/schemas/batch.ts';
import { batchHints, endpointSchema, requireInputFile } from './batch-input.ts';
import { estimateFile } from './estimate-file.ts';

const body = z.strictObject({
  input_file_id: z.string().min(1),
  endpoint: endpointSchema,
  ...batchHints,
});

/** An account has at most so many under way in one process. */
const underWayMax = 2;
const busyMessage = `${underWayMax} estimates of this account are under way; wait for one to end`;

/**
 * `POST /v1/batches/estimate`: what a batch of this file would set aside, and what of it would be refused.
 * Takes nothing.
 */
export function estimateBatchRoute(
  app: App,
  deps: { sql: Database; validator: Pick<Validator, 'lines'> },
): void {
  const schema = {
    operationId: 'estimateBatch',
    response: { 200: json(batchEstimateSchema) },
    tags: ['openai'],
    summary: 'Bound the cost of a batch',
    body,
  };
  const slots = createAccountSlots(underWayMax, busyMessage);
  app.post(
    '/v1/batches/estimate',
    { config: { scope: 'jobs', refuses: [404] }, schema },
    async (request, reply) => {
      const accountId = accountOf(request);
      const { input_file_id: fileId, endpoint } = request.body;
      const defaultMaxOutputTokens = request.account?.defaultMaxOutputTokens ?? null;
      const owner = { accountId, defaultMaxOutputTokens, endpoint };
      const work = async () => {
        await requireInputFile(deps.sql, accountId, fileId);
        const body = await slots(accountId, () => estimateFile(deps, fileId, owner)).catch(toNotFound);
        return { status: 200, body };
      };
      return await idempotent(request, reply, deps, work, { outside: true });
    },
  );
}

function toNotFound(error: unknown): never {
  throw error instanceof FileGone ? notFound('file') : error;
}
