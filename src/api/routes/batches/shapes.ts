import { z } from 'zod';
import { batchEndpoints } from '../../../shared/domain/batch.ts';

/** The calls a batch can make. */
export const endpointShape = z.enum(batchEndpoints, { error: `must be one of ${batchEndpoints.join(', ')}` });
