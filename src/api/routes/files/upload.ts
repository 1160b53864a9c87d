import { z } from 'zod';
import { dropFile, finishFile } from '../../../shared/batches/sql/files.ts';
import { invalid } from '../../../shared/errors.ts';
import { problemsOf } from '../../../shared/formats/common/zod-problems.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { idempotent } from '../../http/idempotent.ts';
import { documentedAs, json } from '../../openapi/components.ts';
import { fileSchema } from '../../openapi/schemas/file.ts';
import { toFileObject } from './file-object.ts';
import { receiveFile } from './receive-file.ts';

const daySeconds = 86_400;

/** Whatever else a form holds is for other gateways, and is dropped. */
const fieldsSchema = z.object({
  purpose: z.literal('batch', { error: 'only "batch" is supported' }),
  'expires_after[anchor]': z.literal('created_at').optional(),
  'expires_after[seconds]': documentedAs(
    z.coerce
      .number()
      .int()
      .min(3600)
      .max(30 * daySeconds),
    { type: 'integer', minimum: 3600, maximum: 30 * daySeconds },
  ).default(30 * daySeconds),
});

/** The whole form, for the document. */
const form = fieldsSchema.extend({
  file: documentedAs(z.unknown(), {
    type: 'string',
    format: 'binary',
    description: 'Lines of JSON, under any name',
  }),
});

/** `POST /v1/files`: a multipart form with `purpose` and `file`. Visible once all of it is stored. */
export function createFileRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'createFile',
    response: { 200: json(fileSchema) },
    tags: ['openai'],
    summary: 'Upload a file for a batch',
  };
  app.post(
    '/v1/files',
    { config: { scope: 'jobs', form, refuses: [404] }, schema },
    async (request, reply) => {
      const { id, fields } = await receiveFile(deps.sql, request);
      try {
        const given = fieldsSchema.safeParse(Object.fromEntries(fields));
        if (!given.success) throw invalid(problemsOf(given.error));
        const expiresInSeconds = given.data['expires_after[seconds]'];
        return await idempotent(request, reply, deps, async (tx) => {
          const body = toFileObject(await finishFile(tx, { id, expiresInSeconds }));
          return { status: 200, body };
        });
      } finally {
        // Still there when the form was refused, or answered as an earlier one was; a finished file stays.
        await dropFile(deps.sql, id).catch(() => undefined);
      }
    },
  );
}
