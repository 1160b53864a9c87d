import { z } from 'zod';
import { batchEndpoints } from '../../../shared/batches/rules/batch.ts';
import { findFile } from '../../../shared/batches/sql/files.ts';
import { invalid, notFound } from '../../../shared/errors.ts';
import { routingHints } from '../../../shared/formats/common/routing-hints.ts';
import type { Sql } from '../../../shared/platform/postgres/database.ts';

/** The calls a batch can make. */
export const endpointSchema = z.enum(batchEndpoints, {
  error: `must be one of ${batchEndpoints.join(', ')}`,
});

/** What clients of other gateways say of the way of a batch; each of its lines names its model. */
export const batchHints = {
  ...routingHints,
  target_model_names: z.unknown().optional(),
};

/**
 * Refuses a file as the input of a batch when the account has no such file, or it was not uploaded for that.
 */
export async function requireInputFile(sql: Sql, accountId: string, fileId: string): Promise<void> {
  const file = await findFile(sql, accountId, fileId);
  if (file === null) throw notFound('file');
  if (file.purpose !== 'batch') {
    throw invalid([{ param: 'input_file_id', message: 'must be a file that was uploaded for a batch' }]);
  }
}
