import { z } from 'zod';
import { dropFile, finishFile } from '../../../shared/batches/sql/files.ts';
import { invalid } from '../../../shared/errors.ts';
import { problemsOf } from '../../../shared/formats/common/zod-problems.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { idempotent } from '../../http/idempotent.ts';
import { toFileObject } from './file-object.ts';
import { receiveFile } from './receive-file.ts';

const daySeconds = 86_400;

const fieldsSchema = z.strictObject({
  purpose: z.literal('batch', { error: 'only "batch" is supported' }),
  'expires_after[anchor]': z.literal('created_at').optional(),
  'expires_after[seconds]': z.coerce
    .number()
    .int()
    .min(3600)
    .max(30 * daySeconds)
    .default(30 * daySeconds),
});

/** `POST /v1/files`: a multipart form with `purpose` and `file`. Visible once all of it is stored. */
export function createFileRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    tags: ['openai'],
    summary: 'Upload a file for a batch',
    consumes: ['multipart/form-data'],
  };
  app.post('/v1/files', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const { id, fields } = await receiveFile(deps.sql, request);
    try {
      const said = fieldsSchema.safeParse(Object.fromEntries(fields));
      if (!said.success) throw invalid(problemsOf(said.error));
      const expiresInSeconds = said.data['expires_after[seconds]'];
      return await idempotent(request, reply, deps, async (tx) => {
        const body = toFileObject(await finishFile(tx, { id, expiresInSeconds }));
        return { status: 200, body };
      });
    } finally {
      // Still there when the form was refused, or answered as an earlier one was; a finished file stays.
      await dropFile(deps.sql, id).catch(() => undefined);
    }
  });
}
