import { z } from 'zod';
import { batchEndpoints } from '../../../shared/batches/rules/batch.ts';

/** The calls a batch can make. */
export const endpointSchema = z.enum(batchEndpoints, {
  error: `must be one of ${batchEndpoints.join(', ')}`,
});
